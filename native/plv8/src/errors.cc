/*
 * Errors, both ways. See errors.h for the rule that this file exists for.
 */
#include "errors.h"

#include "call.h"
#include "js_string.h"
#include "stack_frame.h"

namespace ai_runtime {
namespace {

constexpr int kMaxStackLines = 10;
// A recursion through SQL adds to the context at every level: it ends here.
constexpr int kMaxContextBytes = 4000;

// What is left to say when there is no memory to copy an error into.
char emergency_message[] = "out of memory while JavaScript was running";
ErrorData emergency_error;

volatile int catch_depth = 0;

// Where the errors of plv8.execution_timeout come from; how they are told.
constexpr char kTimeoutFunction[] = "plv8_execution_timeout";

struct TextField {
  const char* name;
  char* ErrorData::*member;
};

constexpr TextField kTextFields[] = {
    {"detail", &ErrorData::detail},
    {"hint", &ErrorData::hint},
    {"context", &ErrorData::context},
    {"schema_name", &ErrorData::schema_name},
    {"table_name", &ErrorData::table_name},
    {"column_name", &ErrorData::column_name},
    {"datatype_name", &ErrorData::datatype_name},
    {"constraint_name", &ErrorData::constraint_name},
    {"internalquery", &ErrorData::internalquery},
};

void SetField(v8::Isolate* isolate, v8::Local<v8::Context> context,
              v8::Local<v8::Object> object, const char* name,
              v8::Local<v8::Value> value) {
  object->CreateDataProperty(context, NameOf(isolate, name), value).FromMaybe(false);
}

// The property as a palloc'd string, nullptr when absent or not printable.
char* TextOf(v8::Isolate* isolate, v8::Local<v8::Context> context,
             v8::Local<v8::Object> object, const char* name) {
  v8::Local<v8::Value> value;
  if (!object->Get(context, NameOf(isolate, name)).ToLocal(&value) ||
      value->IsNullOrUndefined())
    return nullptr;
  v8::Local<v8::String> text;
  if (!value->ToString(context).ToLocal(&text)) return nullptr;
  return LossyText(isolate, text);
}

bool IsSqlstateText(const char* text) {
  if (strlen(text) != 5 || strncmp(text, "00", 2) == 0) return false;
  return strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5;
}

// Reads a SQLSTATE from a string ("22012") or from PostgreSQL's packed number.
bool SqlstateOf(v8::Isolate* isolate, v8::Local<v8::Value> value, int* code) {
  char text[8] = {0};
  if (value->IsString() && value.As<v8::String>()->Length() == 5) {
    value.As<v8::String>()->WriteUtf8(isolate, text, 7);
    if (!IsSqlstateText(text)) return false;
    *code = MAKE_SQLSTATE(text[0], text[1], text[2], text[3], text[4]);
    return true;
  }
  if (!value->IsInt32()) return false;
  int packed = value.As<v8::Int32>()->Value();
  if (packed <= 0 || packed >= (1 << 30)) return false;
  for (int i = 0; i < 5; i++) text[i] = PGUNSIXBIT(packed >> (6 * i));
  if (!IsSqlstateText(text)) return false;
  *code = packed;
  return true;
}

void ReadSqlstate(v8::Isolate* isolate, v8::Local<v8::Context> context,
                  v8::Local<v8::Object> object, int* code) {
  for (const char* name : {"code", "sqlerrcode", "sqlstate"}) {
    v8::Local<v8::Value> value;
    if (object->Get(context, NameOf(isolate, name)).ToLocal(&value) &&
        SqlstateOf(isolate, value, code))
      return;
  }
}

// Appends a frame to the context; false when it is none that a reader looks for.
bool AppendFrame(StringInfo context, const char* frame, size_t length, bool in_any_case) {
  char text[kMaxFrameBytes];
  if (!DescribeFrame(frame, length, text) && !in_any_case) return false;
  if (context->len > 0) appendStringInfoChar(context, '\n');
  appendStringInfo(context, "JavaScript %s", text);
  return true;
}

// The frames of a JavaScript stack ("    at f (g:1:2)"), one a line, for CONTEXT.
void AppendStack(StringInfo context, const char* stack) {
  if (context->len > kMaxContextBytes) return;
  int appended = 0;
  for (bool all : {false, true}) {
    if (appended > 0) return;
    const char* line = strstr(stack, "\n    at ");
    for (int count = 0; line != nullptr && count < kMaxStackLines; count++) {
      line += strlen("\n    ");
      const char* end = strchr(line, '\n');
      size_t length = end ? static_cast<size_t>(end - line) : strlen(line);
      if (AppendFrame(context, line, length, all)) appended++;
      line = end;
    }
  }
}

void AppendPosition(StringInfo out, v8::Isolate* isolate,
                    v8::Local<v8::Context> context, v8::TryCatch* try_catch) {
  v8::Local<v8::Message> message = try_catch->Message();
  if (message.IsEmpty()) return;
  v8::Local<v8::Value> name = message->GetScriptResourceName();
  if (!name->IsString()) return;
  char* frame = psprintf("at %s:%d:%d", LossyText(isolate, name.As<v8::String>()),
                         message->GetLineNumber(context).FromMaybe(0),
                         message->GetStartColumn(context).FromMaybe(0) + 1);
  AppendFrame(out, frame, strlen(frame), true);
}

// Message of an Error object: its name unless plain "Error", and its message.
char* MessageOfError(v8::Isolate* isolate, v8::Local<v8::Context> context,
                     v8::Local<v8::Object> object) {
  char* name = TextOf(isolate, context, object, "name");
  char* message = TextOf(isolate, context, object, "message");
  if (message == nullptr) return name ? name : pstrdup("unknown JavaScript error");
  if (name == nullptr || *name == '\0' || strcmp(name, "Error") == 0) return message;
  return psprintf("%s: %s", name, message);
}

// V8 writes some messages over several lines: what follows the first is DETAIL.
void SplitMessage(ErrorData* error) {
  char* end = strchr(error->message, '\n');
  if (end == nullptr || error->detail != nullptr) return;
  error->detail = pstrdup(end + 1 + strspn(end + 1, " "));
  *end = '\0';
}

char* MessageOfValue(v8::Isolate* isolate, v8::Local<v8::Context> context,
                     v8::Local<v8::Value> value) {
  v8::Local<v8::String> text;
  if (!value->ToDetailString(context).ToLocal(&text))
    return pstrdup("JavaScript exception that cannot be printed");
  return LossyText(isolate, text);
}

// The error that is being handled, copied into the current memory context.
ErrorData* TakeError() {
  ErrorData* volatile copy = nullptr;
  PG_TRY();
  {
    copy = CopyErrorData();
  }
  PG_CATCH();
  {
    emergency_error.elevel = ERROR;
    emergency_error.sqlerrcode = ERRCODE_OUT_OF_MEMORY;
    emergency_error.filename = __FILE__;
    emergency_error.funcname = __func__;
    emergency_error.message = emergency_message;
    emergency_error.assoc_context = ErrorContext;
    copy = &emergency_error;
  }
  PG_END_TRY();
  FlushErrorState();
  return copy;
}

// The body of ErrorFromJs. Raises when memory is short.
ErrorData* DescribeThrown(v8::Isolate* isolate, v8::Local<v8::Context> context,
                          v8::TryCatch* try_catch, int default_sqlerrcode) {
  v8::Local<v8::Value> thrown = try_catch->Exception();
  ErrorData* error = MakeError(default_sqlerrcode, "");
  StringInfoData stack;
  initStringInfo(&stack);

  if (thrown.IsEmpty() || !thrown->IsObject()) {
    error->message = thrown.IsEmpty() ? pstrdup("unknown JavaScript error")
                                      : MessageOfValue(isolate, context, thrown);
    AppendPosition(&stack, isolate, context, try_catch);
    error->context = stack.data;
    return error;
  }
  v8::Local<v8::Object> object = thrown.As<v8::Object>();
  error->message = thrown->IsNativeError() ? MessageOfError(isolate, context, object)
                                           : MessageOfValue(isolate, context, thrown);
  if (!thrown->IsNativeError()) {
    char* message = TextOf(isolate, context, object, "message");
    if (message != nullptr) error->message = message;
  }
  for (const TextField& field : kTextFields)
    error->*(field.member) = TextOf(isolate, context, object, field.name);
  ReadSqlstate(isolate, context, object, &error->sqlerrcode);
  if (error->context != nullptr) appendStringInfoString(&stack, error->context);
  char* trace = TextOf(isolate, context, object, "stack");
  if (trace != nullptr && strstr(trace, "\n    at ") != nullptr)
    AppendStack(&stack, trace);
  else
    AppendPosition(&stack, isolate, context, try_catch);
  error->context = stack.len > 0 ? stack.data : nullptr;
  SplitMessage(error);
  return error;
}

}  // namespace

ErrorData* CatchRaw(void (*body)(void*), void* argument) {
  MemoryContext context = CurrentMemoryContext;
  ErrorContextCallback* callbacks = error_context_stack;
  ErrorData* volatile error = nullptr;
  int depth = catch_depth;

  catch_depth = depth + 1;
  PG_TRY();
  {
    /* The callbacks outside run when the error leaves the call for good. */
    error_context_stack = nullptr;
    body(argument);
    error_context_stack = callbacks;
  }
  PG_CATCH();
  {
    MemoryContextSwitchTo(CallMemoryContext());
    error = TakeError();
    MemoryContextSwitchTo(context);
  }
  PG_END_TRY();
  catch_depth = depth;
  return error;
}

bool IsInPostgres() { return catch_depth > 0; }

int ExchangeCatchDepth(int depth) {
  int before = catch_depth;
  catch_depth = depth;
  return before;
}

ErrorData* MakeError(int sqlerrcode, const char* message, const char* detail,
                     const char* hint) {
  ErrorData* made = nullptr;
  ErrorData* failure = Catch([&] {
    MemoryContext old = MemoryContextSwitchTo(CallMemoryContext());
    made = static_cast<ErrorData*>(palloc0(sizeof(ErrorData)));
    made->elevel = ERROR;
    made->sqlerrcode = sqlerrcode;
    made->filename = __FILE__;
    made->funcname = "plv8";
    made->message = pstrdup(message);
    made->detail = detail ? pstrdup(detail) : nullptr;
    made->hint = hint ? pstrdup(hint) : nullptr;
    made->assoc_context = CurrentMemoryContext;
    MemoryContextSwitchTo(old);
  });
  return failure != nullptr ? failure : made;
}

void DropError(ErrorData* error) {
  if (error != &emergency_error) FreeErrorData(error);
}

void Raise(ErrorData* error) {
  ThrowErrorData(error);
  pg_unreachable();
}

ErrorData* MakeTimeoutError() {
  ErrorData* error = MakeError(ERRCODE_QUERY_CANCELED, "JavaScript ran out of time", nullptr,
                               "The limit is plv8.execution_timeout.");
  error->funcname = kTimeoutFunction;
  return error;
}

bool IsInterrupt(const ErrorData* error) {
  if (error->funcname == nullptr) return false;
  if (strcmp(error->funcname, kTimeoutFunction) == 0) return true;
  return (error->sqlerrcode == ERRCODE_QUERY_CANCELED ||
          error->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN) &&
         strcmp(error->funcname, "ProcessInterrupts") == 0;
}

void ThrowToJs(v8::Isolate* isolate, ErrorData* error) {
  v8::HandleScope scope(isolate);
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  const char* text = error->message ? error->message : "unknown error";
  v8::Local<v8::Value> value =
      v8::Exception::Error(LossyString(isolate, text, strlen(text)));
  v8::Local<v8::Object> object = value.As<v8::Object>();
  v8::Local<v8::Value> code = v8::Integer::New(isolate, error->sqlerrcode);
  SetField(isolate, context, object, "sqlerrcode", code);
  SetField(isolate, context, object, "code", code);
  SetField(isolate, context, object, "sqlstate",
           NameOf(isolate, unpack_sql_state(error->sqlerrcode)));
  for (const TextField& field : kTextFields) {
    const char* field_text = error->*(field.member);
    if (field_text == nullptr) continue;
    SetField(isolate, context, object, field.name,
             LossyString(isolate, field_text, strlen(field_text)));
  }
  isolate->ThrowException(value);
}

void ThrowTypeError(v8::Isolate* isolate, const char* message) {
  isolate->ThrowException(
      v8::Exception::TypeError(LossyString(isolate, message, strlen(message))));
}

void ThrowError(v8::Isolate* isolate, const char* message) {
  isolate->ThrowException(
      v8::Exception::Error(LossyString(isolate, message, strlen(message))));
}

ErrorData* ErrorFromJs(v8::Isolate* isolate, v8::Local<v8::Context> context,
                       v8::TryCatch* try_catch, int default_sqlerrcode) {
  v8::HandleScope scope(isolate);
  v8::TryCatch inner(isolate);
  ErrorData* error = nullptr;
  ErrorData* failure = Catch(
      [&] { error = DescribeThrown(isolate, context, try_catch, default_sqlerrcode); });
  return failure != nullptr ? failure : error;
}

}  // namespace ai_runtime
