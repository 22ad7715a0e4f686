/*
 * plv8.prepare() and the objects that it gives: PreparedPlan and Cursor. Both hold
 * a reference in an internal field that free() and close() clear, so that a use
 * afterwards is an error and nothing else.
 */
#include "js_string.h"
#include "natives.h"
#include "plan_cache.h"
#include "spi.h"

extern "C" {
#include "parser/parse_type.h"
#include "utils/portal.h"
}

namespace ai_runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

Plan* PlanOf(const Info& info) {
  v8::Local<v8::Object> holder = info.Holder();
  Plan* plan = nullptr;
  if (holder->InternalFieldCount() == 1)
    plan = static_cast<Plan*>(holder->GetAlignedPointerFromInternalField(0));
  if (plan == nullptr) ThrowError(info.GetIsolate(), "prepared plan has been freed");
  return plan;
}

void PlanExecute(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Plan* plan = PlanOf(info);
  v8::Local<v8::Value> result;
  if (plan == nullptr) return;
  plan->users++;
  bool done = InSubtransaction(isolate, [&] {
    SqlArguments arguments;
    Datum* values = nullptr;
    char* nulls = nullptr;
    if (!ReadSqlArguments(info, 0, &arguments) ||
        !BindArguments(isolate, arguments, plan->parameters, plan->parameter_count, &values,
                       &nulls))
      return false;
    result = TakeSpiResult(isolate, SPI_execute_plan(plan->spi_plan, values, nulls,
                                                     CurrentFrame()->read_only, 0));
    return !result.IsEmpty();
  });
  plan->users--;
  if (done) info.GetReturnValue().Set(result);
}

void PlanFree(const Info& info) {
  Plan* plan = PlanOf(info);
  if (plan == nullptr) return;
  if (plan->users > 0)
    return ThrowError(info.GetIsolate(), "prepared plan is being executed");
  info.Holder()->SetAlignedPointerInInternalField(0, nullptr);
  FreePlan(plan);
}

v8::Local<v8::FunctionTemplate> CursorType(Role* role);

void PlanCursor(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Plan* plan = PlanOf(info);
  Portal portal = nullptr;
  v8::Local<v8::String> name;
  if (plan == nullptr) return;
  plan->users++;
  bool done = InSubtransaction(isolate, [&] {
    SqlArguments arguments;
    Datum* values = nullptr;
    char* nulls = nullptr;
    if (!ReadSqlArguments(info, 0, &arguments) ||
        !BindArguments(isolate, arguments, plan->parameters, plan->parameter_count, &values,
                       &nulls))
      return false;
    portal = SPI_cursor_open(nullptr, plan->spi_plan, values, nulls,
                             CurrentFrame()->read_only);
    name = ToJsString(isolate, portal->name, strlen(portal->name));
    return true;
  });
  plan->users--;
  if (!done) return;
  Role* role = static_cast<Role*>(isolate->GetData(0));
  v8::Local<v8::Object> cursor;
  v8::Local<v8::FunctionTemplate> type = CursorType(role);
  if (!type->InstanceTemplate()->NewInstance(isolate->GetCurrentContext()).ToLocal(&cursor))
    return;
  cursor->SetInternalField(0, name);
  info.GetReturnValue().Set(cursor);
}

// The portal of the cursor. Raises when it is closed.
Portal PortalOf(const Info& info) {
  size_t length = 0;
  Portal portal = nullptr;
  v8::Local<v8::Value> name;
  if (info.Holder()->InternalFieldCount() == 1) name = info.Holder()->GetInternalField(0);
  if (!name.IsEmpty() && name->IsString())
    portal = SPI_cursor_find(FromJsString(info.GetIsolate(), name.As<v8::String>(), &length));
  if (portal == nullptr)
    ereport(ERROR, (errcode(ERRCODE_INVALID_CURSOR_STATE), errmsg("cursor is closed")));
  return portal;
}

// A count argument; false with a pending exception.
bool CountOf(const Info& info, int64* count) {
  *count = 1;
  if (info.Length() == 0 || info[0]->IsUndefined()) return true;
  return info[0]->IntegerValue(info.GetIsolate()->GetCurrentContext()).To(count);
}

void CursorFetch(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Value> result;
  int64 count = 1;
  if (!CountOf(info, &count)) return;
  bool done = InSubtransaction(isolate, [&] {
    SPI_cursor_fetch(PortalOf(info), count >= 0, count >= 0 ? count : -count);
    result = TakeSpiResult(isolate, SPI_OK_FETCH);
    return !result.IsEmpty();
  });
  if (!done) return;
  if (info.Length() > 0 && !info[0]->IsUndefined()) return info.GetReturnValue().Set(result);
  v8::Local<v8::Value> row;
  if (result->IsArray() &&
      result.As<v8::Array>()->Get(isolate->GetCurrentContext(), 0).ToLocal(&row))
    info.GetReturnValue().Set(row);
}

void CursorMove(const Info& info) {
  int64 count = 1;
  if (!CountOf(info, &count)) return;
  (void)InSubtransaction(info.GetIsolate(), [&] {
    SPI_cursor_move(PortalOf(info), count >= 0, count >= 0 ? count : -count);
    return true;
  });
}

void CursorClose(const Info& info) {
  bool done = InSubtransaction(info.GetIsolate(), [&] {
    SPI_cursor_close(PortalOf(info));
    return true;
  });
  if (done) info.Holder()->SetInternalField(0, v8::Undefined(info.GetIsolate()));
}

// Reads type names; false with a pending exception. Raises for unknown ones.
bool ReadTypes(const Info& info, Oid** types, int* count) {
  SqlArguments names;
  if (!ReadSqlArguments(info, 1, &names)) return false;
  *count = names.count;
  *types = static_cast<Oid*>(palloc(sizeof(Oid) * static_cast<size_t>(names.count + 1)));
  for (int i = 0; i < names.count; i++) {
    v8::Local<v8::String> name;
    size_t length = 0;
    int32 typmod = -1;
    if (!names.values[i]->ToString(info.GetIsolate()->GetCurrentContext()).ToLocal(&name))
      return false;
    parseTypeString(FromJsString(info.GetIsolate(), name, &length), &(*types)[i], &typmod,
                    false);
  }
  return true;
}

// Adds a method that works on objects of the type only.
void AddMethod(v8::Isolate* isolate, v8::Local<v8::FunctionTemplate> type, const char* name,
               v8::FunctionCallback callback) {
  type->PrototypeTemplate()->Set(
      isolate, name,
      v8::FunctionTemplate::New(isolate, callback, v8::Local<v8::Value>(),
                                v8::Signature::New(isolate, type)));
}

// The class PreparedPlan of the role's isolate, made at its first use.
v8::Local<v8::FunctionTemplate> PlanType(Role* role) {
  v8::Isolate* isolate = role->isolate;
  if (!role->plan_template.IsEmpty()) return role->plan_template.Get(isolate);
  v8::Local<v8::FunctionTemplate> plan = v8::FunctionTemplate::New(isolate);
  plan->SetClassName(NameOf(isolate, "PreparedPlan"));
  plan->InstanceTemplate()->SetInternalFieldCount(1);
  AddMethod(isolate, plan, "execute", PlanExecute);
  AddMethod(isolate, plan, "cursor", PlanCursor);
  AddMethod(isolate, plan, "free", PlanFree);
  role->plan_template.Reset(isolate, plan);
  return plan;
}

// The class Cursor of the role's isolate, made at its first use.
v8::Local<v8::FunctionTemplate> CursorType(Role* role) {
  v8::Isolate* isolate = role->isolate;
  if (!role->cursor_template.IsEmpty()) return role->cursor_template.Get(isolate);
  v8::Local<v8::FunctionTemplate> cursor = v8::FunctionTemplate::New(isolate);
  cursor->SetClassName(NameOf(isolate, "Cursor"));
  cursor->InstanceTemplate()->SetInternalFieldCount(1);
  AddMethod(isolate, cursor, "fetch", CursorFetch);
  AddMethod(isolate, cursor, "move", CursorMove);
  AddMethod(isolate, cursor, "close", CursorClose);
  role->cursor_template.Reset(isolate, cursor);
  return cursor;
}

}  // namespace

void PrepareCallback(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::String> sql;
  v8::Local<v8::Object> object;
  Plan* plan = nullptr;
  if (info.Length() < 1) return ThrowTypeError(isolate, "plv8.prepare needs an SQL statement");
  if (!info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&sql)) return;
  bool done = InSubtransaction(isolate, [&] {
    Oid* types = nullptr;
    int count = 0;
    size_t length = 0;
    if (!ReadTypes(info, &types, &count)) return false;
    plan = MakePlan(FromJsString(isolate, sql, &length), types, count, count == 0);
    return true;
  });
  if (!done) return;
  Role* role = static_cast<Role*>(isolate->GetData(0));
  v8::Local<v8::FunctionTemplate> type = PlanType(role);
  if (!type->InstanceTemplate()->NewInstance(isolate->GetCurrentContext()).ToLocal(&object))
    return;
  object->SetAlignedPointerInInternalField(0, plan);
  info.GetReturnValue().Set(object);
}

}  // namespace ai_runtime
