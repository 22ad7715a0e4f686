/*
 * Triggers: NEW, OLD and TG_* as arguments; null skips the row, undefined leaves
 * it as it is, an object is the new row.
 */
#include "trigger.h"

#include "errors.h"
#include "js_string.h"
#include "module.h"

extern "C" {
#include "commands/event_trigger.h"
#include "utils/rel.h"
}

namespace ai_runtime {
namespace {

constexpr int kArgumentCount = 10;

v8::Local<v8::Value> Text(v8::Isolate* isolate, const char* text) {
  return ToJsString(isolate, text, strlen(text));
}

const char* WhenOf(TriggerEvent event) {
  if (TRIGGER_FIRED_BEFORE(event)) return "BEFORE";
  bool says_instead = TRIGGER_FIRED_INSTEAD(event) && guc_compatibility == kStrict;
  return says_instead ? "INSTEAD OF" : "AFTER";
}

const char* OperationOf(TriggerEvent event) {
  if (TRIGGER_FIRED_BY_INSERT(event)) return "INSERT";
  if (TRIGGER_FIRED_BY_DELETE(event)) return "DELETE";
  return TRIGGER_FIRED_BY_UPDATE(event) ? "UPDATE" : "TRUNCATE";
}

v8::Local<v8::Value> ArgumentsOf(v8::Isolate* isolate, const Trigger* trigger) {
  v8::Local<v8::Array> list = v8::Array::New(isolate, trigger->tgnargs);
  for (int i = 0; i < trigger->tgnargs; i++)
    list->CreateDataProperty(isolate->GetCurrentContext(), static_cast<uint32_t>(i),
                             Text(isolate, trigger->tgargs[i]))
        .FromMaybe(false);
  return list;
}

// Fills the ten arguments; false when an exception is pending. Raises.
bool FillArguments(CallFrame* frame, RowShape* shape, v8::Local<v8::Value>* arguments) {
  v8::Isolate* isolate = frame->role->isolate;
  TriggerData* data = frame->trigger;
  TriggerEvent event = data->tg_event;
  v8::Local<v8::Value> undefined = v8::Undefined(isolate);
  arguments[0] = arguments[1] = undefined;
  InitRowShape(isolate, shape, RelationGetDescr(data->tg_relation), frame->memory);
  if (TRIGGER_FIRED_FOR_ROW(event)) {
    v8::Local<v8::Value> row = RowToJs(isolate, shape, data->tg_trigtuple);
    if (row.IsEmpty()) return false;
    arguments[TRIGGER_FIRED_BY_INSERT(event) ? 0 : 1] = row;
    if (TRIGGER_FIRED_BY_UPDATE(event)) {
      arguments[0] = RowToJs(isolate, shape, data->tg_newtuple);
      if (arguments[0].IsEmpty()) return false;
    }
  }
  char* schema = get_namespace_name(RelationGetNamespace(data->tg_relation));
  arguments[2] = Text(isolate, data->tg_trigger->tgname);
  arguments[3] = Text(isolate, WhenOf(event));
  arguments[4] = Text(isolate, TRIGGER_FIRED_FOR_ROW(event) ? "ROW" : "STATEMENT");
  arguments[5] = Text(isolate, OperationOf(event));
  arguments[6] = v8::Integer::NewFromUnsigned(isolate, RelationGetRelid(data->tg_relation));
  arguments[7] = Text(isolate, RelationGetRelationName(data->tg_relation));
  arguments[8] = Text(isolate, schema);
  arguments[9] = ArgumentsOf(isolate, data->tg_trigger);
  return true;
}

HeapTuple UnchangedRow(const TriggerData* data) {
  if (!TRIGGER_FIRED_FOR_ROW(data->tg_event)) return nullptr;
  return TRIGGER_FIRED_BY_UPDATE(data->tg_event) ? data->tg_newtuple : data->tg_trigtuple;
}

// The tuple that the function's value stands for; false with a pending exception.
bool ResultRow(CallFrame* frame, RowShape* shape, v8::Local<v8::Value> value,
               HeapTuple* tuple) {
  TriggerData* data = frame->trigger;
  *tuple = UnchangedRow(data);
  if (*tuple == nullptr || value->IsUndefined()) return true;
  if (value->IsNull()) {
    *tuple = nullptr;
    return true;
  }
  if (!TRIGGER_FIRED_BEFORE(data->tg_event) && !TRIGGER_FIRED_INSTEAD(data->tg_event))
    return true;
  if (TRIGGER_FIRED_BY_DELETE(data->tg_event)) return true;
  size_t count = static_cast<size_t>(shape->desc->natts) + 1;
  Datum* values = static_cast<Datum*>(palloc0(sizeof(Datum) * count));
  bool* nulls = static_cast<bool*>(palloc0(sizeof(bool) * count));
  if (!RowFromJs(frame->role->isolate, shape, value, values, nulls)) return false;
  *tuple = heap_form_tuple(shape->desc, values, nulls);
  return true;
}

ErrorData* CallEventTrigger(CallFrame* frame, v8::Local<v8::Function> function,
                            v8::Local<v8::Object> receiver, bool* threw) {
  v8::Isolate* isolate = frame->role->isolate;
  Node* context = frame->fcinfo->context;
  if (context == nullptr || !IsA(context, EventTriggerData))
    return MakeError(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED,
                     "event trigger functions can only be called as event triggers");
  auto* data = reinterpret_cast<EventTriggerData*>(context);
  v8::Local<v8::Value> arguments[2];
  v8::Local<v8::Value> ignored;
  ErrorData* error = Catch([&] {
    arguments[0] = Text(isolate, data->event);
    arguments[1] = Text(isolate, GetCommandTagName(data->tag));
  });
  if (error != nullptr) return error;
  *threw = !CallCompiled(frame, function, receiver, 2, arguments, &ignored);
  return nullptr;
}

}  // namespace

ErrorData* CallTrigger(CallFrame* frame, v8::Local<v8::Function> function,
                       v8::Local<v8::Object> receiver, Datum* result, bool* threw) {
  if (frame->site->function->shape == FunctionShape::kEventTrigger)
    return CallEventTrigger(frame, function, receiver, threw);
  if (frame->trigger == nullptr)
    return MakeError(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED,
                     "trigger functions can only be called as triggers");
  RowShape shape;
  HeapTuple tuple = nullptr;
  v8::Local<v8::Value> value;
  v8::Local<v8::Value> arguments[kArgumentCount];
  ErrorData* error = Catch([&] { *threw = !FillArguments(frame, &shape, arguments); });
  if (error != nullptr || *threw) return error;
  *threw = !CallCompiled(frame, function, receiver, kArgumentCount, arguments, &value);
  if (*threw) return nullptr;
  error = Catch([&] { *threw = !ResultRow(frame, &shape, value, &tuple); });
  *result = PointerGetDatum(tuple);
  frame->fcinfo->isnull = false;
  return error;
}

}  // namespace ai_runtime
