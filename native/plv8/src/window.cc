/*
 * Window functions. The object holds nothing: it speaks of the innermost running
 * call, so that one kept beyond its call is an error and no dangling pointer. The
 * partition's local value is JSON text in memory that PostgreSQL keeps for it.
 */
#include "call.h"
#include "errors.h"
#include "js_string.h"
#include "natives.h"
#include "spi.h"

extern "C" {
#include "windowapi.h"
}

namespace ai_runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

constexpr int64 kDefaultLocalBytes = 1000;
constexpr int64 kMaxLocalBytes = 64 * 1024 * 1024;

// What WinGetPartitionLocalMemory() gives: zeroed when the partition begins.
struct PartitionLocal {
  size_t capacity;  // of text; 0 before its first use
  size_t length;
  char text[FLEXIBLE_ARRAY_MEMBER];
};

WindowObject WindowIn(FunctionCallInfo fcinfo) {
  return PG_WINDOW_OBJECT();
}

// The window of the innermost call, or nullptr with a pending exception.
WindowObject WindowOf(const Info& info) {
  CallFrame* frame = CurrentFrame();
  if (frame->fcinfo != nullptr && WindowObjectIsValid(WindowIn(frame->fcinfo)))
    return WindowIn(frame->fcinfo);
  ThrowError(info.GetIsolate(), "get_window_object called in a function that is not a window "
                                "function");
  return nullptr;
}

// Runs the body, which may raise; what it raises ends the statement, as the state of
// the window is no subtransaction's. False: an exception or termination is pending.
template <typename Body>
bool InWindow(const Info& info, Body body) {
  ErrorData* error = Catch([&] { body(); });
  if (error == nullptr) return true;
  Terminate(info.GetIsolate(), error);
  return false;
}

bool IntegerOf(const Info& info, int position, int64 otherwise, int64* number) {
  *number = otherwise;
  if (info.Length() <= position || info[position]->IsUndefined()) return true;
  return info[position]->IntegerValue(info.GetIsolate()->GetCurrentContext()).To(number);
}

PartitionLocal* LocalOf(WindowObject window, int64 bytes) {
  size_t size = static_cast<size_t>(bytes) + offsetof(PartitionLocal, text) + 1;
  auto* local = static_cast<PartitionLocal*>(WinGetPartitionLocalMemory(window, size));
  if (local->capacity == 0) local->capacity = static_cast<size_t>(bytes);
  return local;
}

bool LocalBytes(const Info& info, int position, int64* bytes) {
  if (!IntegerOf(info, position, kDefaultLocalBytes, bytes)) return false;
  if (*bytes > 0 && *bytes <= kMaxLocalBytes) return true;
  ThrowError(info.GetIsolate(), "invalid size of a partition's local value");
  return false;
}

void GetPartitionLocal(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  WindowObject window = WindowOf(info);
  v8::Local<v8::String> text;
  v8::Local<v8::Value> value;
  int64 bytes = 0;
  if (window == nullptr || !LocalBytes(info, 0, &bytes)) return;
  bool done = InWindow(info, [&] {
    PartitionLocal* local = LocalOf(window, bytes);
    if (local->length > 0) text = ToJsString(isolate, local->text, local->length);
  });
  if (!done || text.IsEmpty()) return;
  if (v8::JSON::Parse(isolate->GetCurrentContext(), text).ToLocal(&value))
    info.GetReturnValue().Set(value);
}

void SetPartitionLocal(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  WindowObject window = WindowOf(info);
  v8::Local<v8::String> json;
  v8::Local<v8::Value> value = v8::Undefined(isolate);
  size_t length = 0;
  bool fits = true;
  if (window == nullptr) return;
  if (info.Length() > 0) value = info[0];
  if (!v8::JSON::Stringify(isolate->GetCurrentContext(), value).ToLocal(&json)) return;
  bool done = InWindow(info, [&] {
    char* text = FromJsString(isolate, json, &length);
    if (value->IsUndefined()) length = 0;
    PartitionLocal* local = LocalOf(window, kDefaultLocalBytes);
    fits = length <= local->capacity;
    if (!fits) return;
    memcpy(local->text, text, length);
    local->length = length;
    pfree(text);
  });
  if (done && !fits)
    ThrowError(isolate, "value is too large for the partition's local memory; "
                        "call get_partition_local(bytes) first");
}

void GetCurrentPosition(const Info& info) {
  WindowObject window = WindowOf(info);
  int64 position = 0;
  if (window == nullptr) return;
  if (InWindow(info, [&] { position = WinGetCurrentPosition(window); }))
    info.GetReturnValue().Set(static_cast<double>(position));
}

void GetPartitionRowCount(const Info& info) {
  WindowObject window = WindowOf(info);
  int64 count = 0;
  if (window == nullptr) return;
  if (InWindow(info, [&] { count = WinGetPartitionRowCount(window); }))
    info.GetReturnValue().Set(static_cast<double>(count));
}

void SetMarkPosition(const Info& info) {
  WindowObject window = WindowOf(info);
  int64 position = 0;
  if (window == nullptr || !IntegerOf(info, 0, 0, &position)) return;
  (void)InWindow(info, [&] { WinSetMarkPosition(window, position); });
}

void RowsArePeers(const Info& info) {
  WindowObject window = WindowOf(info);
  int64 first = 0, second = 0;
  bool peers = false;
  if (window == nullptr || !IntegerOf(info, 0, 0, &first) || !IntegerOf(info, 1, 0, &second))
    return;
  if (InWindow(info, [&] { peers = WinRowsArePeers(window, first, second); }))
    info.GetReturnValue().Set(peers);
}

// Reads and checks an argument number; false with a pending exception.
bool ArgumentNumber(const Info& info, int64* number) {
  if (!IntegerOf(info, 0, 0, number)) return false;
  if (*number >= 0 && *number < CurrentFrame()->site->argument_count) return true;
  ThrowError(info.GetIsolate(), "invalid argument number of a window function");
  return false;
}

// An argument's value; undefined outside partition or frame.
using ArgumentReader = Datum (*)(WindowObject, int, int, int, bool, bool*, bool*);

void GetArgument(const Info& info, ArgumentReader read) {
  v8::Isolate* isolate = info.GetIsolate();
  WindowObject window = WindowOf(info);
  int64 number = 0, position = 0, seek = 0;
  bool isnull = false, is_out = false;
  v8::Local<v8::Value> value;
  if (window == nullptr || !ArgumentNumber(info, &number) ||
      !IntegerOf(info, 1, 0, &position) || !IntegerOf(info, 2, 0, &seek))
    return;
  if (seek < WINDOW_SEEK_CURRENT || seek > WINDOW_SEEK_TAIL)
    return ThrowError(isolate, "invalid seek type of a window function");
  bool mark = info.Length() > 3 && info[3]->BooleanValue(isolate);
  bool done = InWindow(info, [&] {
    Datum datum = read(window, static_cast<int>(number), static_cast<int>(position),
                       static_cast<int>(seek), mark, &isnull, &is_out);
    if (is_out)
      value = v8::Undefined(isolate);
    else if (isnull)
      value = v8::Null(isolate);
    else
      value = ToJs(isolate, &CurrentFrame()->site->arguments[number], datum);
  });
  if (done && !value.IsEmpty()) info.GetReturnValue().Set(value);
}

void GetArgumentInPartition(const Info& info) { GetArgument(info, WinGetFuncArgInPartition); }
void GetArgumentInFrame(const Info& info) { GetArgument(info, WinGetFuncArgInFrame); }

Datum ReadCurrent(WindowObject window, int number, int, int, bool, bool* isnull, bool* is_out) {
  *is_out = false;
  return WinGetFuncArgCurrent(window, number, isnull);
}

void GetArgumentCurrent(const Info& info) { GetArgument(info, ReadCurrent); }

struct Method {
  const char* name;
  v8::FunctionCallback callback;
};

constexpr Method kMethods[] = {
    {"get_partition_local", GetPartitionLocal},
    {"set_partition_local", SetPartitionLocal},
    {"get_current_position", GetCurrentPosition},
    {"get_partition_row_count", GetPartitionRowCount},
    {"set_mark_position", SetMarkPosition},
    {"rows_are_peers", RowsArePeers},
    {"get_func_arg_in_partition", GetArgumentInPartition},
    {"get_func_arg_in_frame", GetArgumentInFrame},
    {"get_func_arg_current", GetArgumentCurrent},
    {"get_func_arg_in_current", GetArgumentCurrent},
};

// The type of window objects of the role's isolate, made at its first use.
v8::Local<v8::ObjectTemplate> WindowType(Role* role) {
  v8::Isolate* isolate = role->isolate;
  if (!role->window_template.IsEmpty()) return role->window_template.Get(isolate);
  v8::Local<v8::ObjectTemplate> type = v8::ObjectTemplate::New(isolate);
  for (const Method& method : kMethods)
    type->Set(isolate, method.name, v8::FunctionTemplate::New(isolate, method.callback));
  auto constant = [&](const char* name, int value) {
    type->Set(isolate, name, v8::Integer::New(isolate, value));
  };
  constant("SEEK_CURRENT", WINDOW_SEEK_CURRENT);
  constant("SEEK_HEAD", WINDOW_SEEK_HEAD);
  constant("SEEK_TAIL", WINDOW_SEEK_TAIL);
  role->window_template.Reset(isolate, type);
  return type;
}

}  // namespace

void GetWindowObjectCallback(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Role* role = static_cast<Role*>(isolate->GetData(0));
  v8::Local<v8::Object> object;
  if (WindowOf(info) == nullptr) return;
  v8::Local<v8::ObjectTemplate> type = WindowType(role);
  if (type->NewInstance(isolate->GetCurrentContext()).ToLocal(&object))
    info.GetReturnValue().Set(object);
}

}  // namespace ai_runtime
