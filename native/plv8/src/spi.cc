/*
 * SQL from JavaScript: subtransactions, parameters and results. See spi.h.
 */
#include "spi.h"

extern "C" {
#include "utils/resowner.h"
}

namespace ai_runtime {
namespace {

// Rows converted under one handle scope.
constexpr uint64 kRowsPerScope = 256;

// Converts the rows [start, end) into the array; false for a pending exception. Runs no
// code of the script: a setter on Array.prototype must not see an element.
bool ConvertRows(v8::Isolate* isolate, RowShape* shape, SPITupleTable* table,
                 v8::Local<v8::Array> array, uint64 start, uint64 end) {
  bool done = true;
  ErrorData* error = nullptr;
  {
    v8::HandleScope scope(isolate);
    error = Catch([&] {
      for (uint64 i = start; done && i < end; i++) {
        v8::Local<v8::Value> row = RowToJs(isolate, shape, table->vals[i]);
        done = !row.IsEmpty() && array->CreateDataProperty(isolate->GetCurrentContext(),
                                                           static_cast<uint32_t>(i), row)
                                     .FromMaybe(false);
      }
    });
  }
  if (error != nullptr) Raise(error);
  return done;
}

v8::Local<v8::Value> RowsToJs(v8::Isolate* isolate, SPITupleTable* table) {
  RowShape shape;
  uint64 count = table->numvals;
  if (count > static_cast<uint64>(INT_MAX))
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("too many rows for a JavaScript array")));
  InitRowShape(isolate, &shape, table->tupdesc, CurrentMemoryContext);
  v8::Local<v8::Array> array = v8::Array::New(isolate, static_cast<int>(count));
  for (uint64 start = 0; start < count; start += kRowsPerScope) {
    CHECK_FOR_INTERRUPTS();
    if (!ConvertRows(isolate, &shape, table, array, start, Min(start + kRowsPerScope, count)))
      return {};
  }
  return array;
}

}  // namespace

ErrorData* BeginSubtransaction(Subtransaction* subtransaction) {
  subtransaction->memory = CurrentMemoryContext;
  subtransaction->owner = CurrentResourceOwner;
  return Catch([&] {
    EnsureSpi();
    if (IsInParallelMode()) return;
    BeginInternalSubTransaction(nullptr);
    subtransaction->begun = true;
    MemoryContextSwitchTo(subtransaction->memory);
  });
}

void CommitSubtransaction(Subtransaction* subtransaction) {
  if (!subtransaction->begun) return;
  ReleaseCurrentSubTransaction();
  subtransaction->begun = false;
  MemoryContextSwitchTo(subtransaction->memory);
  CurrentResourceOwner = subtransaction->owner;
}

void RollbackSubtransaction(Subtransaction* subtransaction) {
  if (!subtransaction->begun) return;
  RollbackAndReleaseCurrentSubTransaction();
  subtransaction->begun = false;
  MemoryContextSwitchTo(subtransaction->memory);
  CurrentResourceOwner = subtransaction->owner;
}

void ThrowOrTerminate(v8::Isolate* isolate, ErrorData* error, bool may_catch) {
  if (!may_catch || IsInterrupt(error)) return Terminate(isolate, error);
  ThrowToJs(isolate, error);
  /* A script may catch very many of them in one call. */
  DropError(error);
}

bool RunInSubtransaction(v8::Isolate* isolate, SubtransactionBody body, void* argument) {
  Subtransaction subtransaction;
  bool done = false;
  if (CurrentFrame()->fatal != nullptr) {
    isolate->TerminateExecution();
    return false;
  }
  ErrorData* error = BeginSubtransaction(&subtransaction);
  bool may_catch = subtransaction.begun;
  if (error == nullptr) {
    error = Catch([&] {
      done = body(argument);
      if (done) CommitSubtransaction(&subtransaction);
    });
  }
  if (done && error == nullptr) return true;
  ErrorData* second = Catch([&] { RollbackSubtransaction(&subtransaction); });
  if (second != nullptr) {
    Terminate(isolate, second);
    return false;
  }
  if (error == nullptr) return false;
  ThrowOrTerminate(isolate, error, may_catch);
  return false;
}

bool ReadSqlArguments(const v8::FunctionCallbackInfo<v8::Value>& info, int first,
                      SqlArguments* arguments) {
  v8::Local<v8::Context> context = info.GetIsolate()->GetCurrentContext();
  bool is_array = info.Length() == first + 1 && info[first]->IsArray();
  uint32_t count = is_array ? info[first].As<v8::Array>()->Length()
                            : static_cast<uint32_t>(Max(info.Length() - first, 0));
  if (count > PG_UINT16_MAX) {
    ThrowError(info.GetIsolate(), "too many parameters for an SQL statement");
    return false;
  }
  arguments->count = static_cast<int>(count);
  if (count == 0) return true;
  arguments->values = static_cast<v8::Local<v8::Value>*>(
      palloc0(sizeof(v8::Local<v8::Value>) * (count + 1)));
  for (uint32_t i = 0; i < count; i++) {
    if (!is_array)
      arguments->values[i] = info[first + static_cast<int>(i)];
    else if (!info[first].As<v8::Array>()->Get(context, i).ToLocal(&arguments->values[i]))
      return false;
  }
  return true;
}

bool BindArguments(v8::Isolate* isolate, const SqlArguments& arguments, TypeInfo* types,
                   int count, Datum** values, char** nulls) {
  if (arguments.count < count)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_PARAMETER),
                    errmsg("SQL statement has %d parameters, but %d values were given", count,
                           arguments.count)));
  *values = static_cast<Datum*>(palloc0(sizeof(Datum) * static_cast<size_t>(count + 1)));
  *nulls = static_cast<char*>(palloc0(static_cast<size_t>(count + 1)));
  for (int i = 0; i < count; i++) {
    bool isnull = false;
    if (!FromJs(isolate, &types[i], arguments.values[i], &(*values)[i], &isnull))
      return false;
    (*nulls)[i] = isnull ? 'n' : ' ';
  }
  return true;
}

v8::Local<v8::Value> TakeSpiResult(v8::Isolate* isolate, int code) {
  if (code < 0)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("SQL statement cannot run in a function"),
                    errdetail("%s.", SPI_result_code_string(code))));
  if (SPI_tuptable == nullptr)
    return v8::Number::New(isolate, static_cast<double>(SPI_processed));
  SPITupleTable* table = SPI_tuptable;
  v8::Local<v8::Value> rows = RowsToJs(isolate, table);
  SPI_freetuptable(table);
  return rows;
}

void SubtransactionCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if (info.Length() < 1 || !info[0]->IsFunction())
    return ThrowTypeError(isolate, "plv8.subtransaction needs a function");
  Subtransaction subtransaction;
  ErrorData* error = BeginSubtransaction(&subtransaction);
  if (error != nullptr) return Terminate(isolate, error);
  if (!subtransaction.begun)
    return ThrowError(isolate, "cannot start subtransactions during a parallel operation");
  v8::Local<v8::Value> value;
  bool done = info[0].As<v8::Function>()->Call(context, v8::Undefined(isolate), 0, nullptr)
                  .ToLocal(&value);
  error = Catch([&] {
    if (done)
      CommitSubtransaction(&subtransaction);
    else
      RollbackSubtransaction(&subtransaction);
  });
  if (error != nullptr) {
    (void)Catch([&] { RollbackSubtransaction(&subtransaction); });
    if (done) return ThrowOrTerminate(isolate, error, true);
    return Terminate(isolate, error);
  }
  if (done) info.GetReturnValue().Set(value);
}

}  // namespace ai_runtime
