/*
 * Errors, both ways: a PostgreSQL error becomes a JavaScript exception with
 * fields, an uncaught JavaScript exception becomes an ErrorData.
 *
 * The one rule of this library: a longjmp never crosses a frame of V8 nor a C++
 * object with a destructor.  So PostgreSQL code that can raise runs in Catch(),
 * and an error is raised to PostgreSQL only by a handler whose V8 scopes are
 * closed.  The body of Catch() holds plain data and v8::Local only.
 */
#ifndef AI_RUNTIME_PLV8_ERRORS_H_
#define AI_RUNTIME_PLV8_ERRORS_H_

#include "pg_v8.h"

namespace ai_runtime {

// Runs body(argument); the copy of the error that it raised, or nullptr.
ErrorData* CatchRaw(void (*body)(void*), void* argument);

// Runs the body; the copy of the error that it raised, or nullptr. The copy
// lives as long as the running call.
template <typename Body>
ErrorData* Catch(Body&& body) {
  return CatchRaw([](void* argument) { (*static_cast<Body*>(argument))(); },
                  const_cast<void*>(static_cast<const void*>(&body)));
}

// Raises to PostgreSQL. No V8 scope and no destructor may be open.
[[noreturn]] void Raise(ErrorData* error);

// Runs the body under a handle scope of its own, which is closed before what the body
// raised is raised again.
template <typename Body>
void InHandleScope(v8::Isolate* isolate, Body&& body) {
  ErrorData* error = nullptr;
  {
    v8::HandleScope scope(isolate);
    error = Catch([&] { body(); });
  }
  if (error != nullptr) Raise(error);
}

// True in the body of a Catch(): what happens now is PostgreSQL's, not V8's.
bool IsInPostgres();

// Starts the count of open Catch() anew for a script; what it was comes back.
int ExchangeCatchDepth(int depth);

// A new error of ours, in the memory of the call, not yet raised. Never raises.
ErrorData* MakeError(int sqlerrcode, const char* message,
                     const char* detail = nullptr, const char* hint = nullptr);

// Frees an error that Catch() gave.
void DropError(ErrorData* error);

// True for a cancellation by PostgreSQL itself or by plv8.execution_timeout, which
// JavaScript must not catch.
bool IsInterrupt(const ErrorData* error);

// The error of plv8.execution_timeout, an interrupt.
ErrorData* MakeTimeoutError();

// Throws the error into JavaScript as an Error with its fields.
void ThrowToJs(v8::Isolate* isolate, ErrorData* error);

// Throws a TypeError, RangeError or Error of ours into JavaScript.
void ThrowTypeError(v8::Isolate* isolate, const char* message);
void ThrowError(v8::Isolate* isolate, const char* message);

// What an uncaught exception says to SQL. Runs getters of user objects. Never raises.
ErrorData* ErrorFromJs(v8::Isolate* isolate, v8::Local<v8::Context> context,
                       v8::TryCatch* try_catch, int default_sqlerrcode);

}  // namespace ai_runtime

#endif
