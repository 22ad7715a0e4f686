/*
 * Rows of a set-returning function: always materialised, from plv8.return_next()
 * and from a returned array.
 */
#include "srf.h"

#include "errors.h"
#include "natives.h"

namespace ai_runtime {
namespace {

// Rows converted under one handle scope.
constexpr uint32_t kRowsPerScope = 256;

void OpenStore(CallFrame* frame) {
  ReturnSetInfo* info = reinterpret_cast<ReturnSetInfo*>(frame->fcinfo->resultinfo);
  if (info == nullptr || !IsA(info, ReturnSetInfo))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("set-valued function called in context that cannot accept a set")));
  if (!(info->allowedModes & SFRM_Materialize))
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("materialize mode required, but it is not allowed in this context")));
  CallSite* site = frame->site;
  MemoryContext old = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
  TupleDesc desc = nullptr;
  if (site->result_row != nullptr) {
    desc = CreateTupleDescCopy(site->result_row);
  } else if (site->result.base == RECORDOID && info->expectedDesc != nullptr) {
    desc = CreateTupleDescCopy(info->expectedDesc);
  } else {
    const std::string& name = site->function->result_name;
    frame->row_is_scalar = true;
    desc = CreateTemplateTupleDesc(1);
    TupleDescInitEntry(desc, 1, name.empty() ? "value" : name.c_str(), site->result.oid, -1, 0);
  }
  frame->rows = tuplestore_begin_heap((info->allowedModes & SFRM_Materialize_Random) != 0,
                                      false, work_mem);
  info->returnMode = SFRM_Materialize;
  info->setResult = frame->rows;
  info->setDesc = desc;
  MemoryContextSwitchTo(old);
  InitRowShape(frame->role->isolate, &frame->row_shape, desc, frame->memory);
}

// A single-column TABLE takes the bare value and also {column: value}.
bool UnwrapColumn(CallFrame* frame, v8::Local<v8::Value>* value) {
  v8::Local<v8::Context> context = frame->role->isolate->GetCurrentContext();
  const TypeInfo& type = frame->row_shape.types[0];
  if (frame->site->function->result_name.empty() || !(*value)->IsObject()) return true;
  if ((*value)->IsArray() || (*value)->IsDate() || (*value)->IsArrayBufferView() ||
      type.kind == TypeKind::kComposite)
    return true;
  v8::Local<v8::Object> object = value->As<v8::Object>();
  bool has = false;
  if (!object->HasOwnProperty(context, frame->row_shape.names[0]).To(&has)) return false;
  if (!has) return true;
  return object->Get(context, frame->row_shape.names[0]).ToLocal(value);
}

}  // namespace

ErrorData* BeginRows(CallFrame* frame) {
  return Catch([&] { OpenStore(frame); });
}

bool AddRow(CallFrame* frame, v8::Local<v8::Value> value) {
  RowShape* shape = &frame->row_shape;
  v8::Isolate* isolate = frame->role->isolate;
  MemoryContext row_memory = AllocSetContextCreate(CurrentMemoryContext, "plv8 row",
                                                   ALLOCSET_SMALL_SIZES);
  MemoryContext old = MemoryContextSwitchTo(row_memory);
  size_t count = static_cast<size_t>(shape->desc->natts) + 1;
  Datum* values = static_cast<Datum*>(palloc0(sizeof(Datum) * count));
  bool* nulls = static_cast<bool*>(palloc0(sizeof(bool) * count));
  bool done = false;
  if (frame->row_is_scalar)
    done = UnwrapColumn(frame, &value) &&
           FromJs(isolate, &shape->types[0], value, &values[0], &nulls[0]);
  else
    done = RowFromJs(isolate, shape, value, values, nulls);
  MemoryContextSwitchTo(old);
  if (done) tuplestore_putvalues(frame->rows, shape->desc, values, nulls);
  MemoryContextDelete(row_memory);
  return done;
}

bool ReturnRows(CallFrame* frame, v8::Local<v8::Value> value) {
  v8::Isolate* isolate = frame->role->isolate;
  if (value->IsUndefined() || (value->IsNull() && !frame->row_is_scalar)) return true;
  bool scalar_array = frame->row_is_scalar &&
                      frame->row_shape.types[0].kind == TypeKind::kArray;
  if (!value->IsArray() || (scalar_array && value.As<v8::Array>()->Length() == 0))
    return AddRow(frame, value);
  v8::Local<v8::Array> array = value.As<v8::Array>();
  uint32_t length = array->Length();
  for (uint32_t start = 0; start < length; start += kRowsPerScope) {
    ErrorData* error = nullptr;
    bool done = true;
    CHECK_FOR_INTERRUPTS();
    {
      v8::HandleScope scope(isolate);
      error = Catch([&] {
        for (uint32_t i = start; done && i < length && i < start + kRowsPerScope; i++) {
          v8::Local<v8::Value> row;
          done = array->Get(isolate->GetCurrentContext(), i).ToLocal(&row) &&
                 AddRow(frame, row);
        }
      });
    }
    if (error != nullptr) Raise(error);
    if (!done) return false;
  }
  return true;
}

void ReturnNextCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  CallFrame* frame = CurrentFrame();
  bool done = false;
  if (frame->rows == nullptr)
    return ThrowError(isolate, "return_next called in a function that does not return a set");
  v8::Local<v8::Value> value = v8::Undefined(isolate);
  if (info.Length() > 0) value = info[0];
  ErrorData* error = Catch([&] { done = AddRow(frame, value); });
  if (error != nullptr) Terminate(isolate, error);
}

}  // namespace ai_runtime
