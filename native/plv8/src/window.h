/*
 * plv8.get_window_object(): what a window function sees of its partition.
 */
#ifndef AI_RUNTIME_PLV8_WINDOW_H_
#define AI_RUNTIME_PLV8_WINDOW_H_

#include "isolate.h"

namespace ai_runtime {

void GetWindowObjectCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

// Prepares the type of window objects in the role's isolate.
void InstallWindowTemplate(Role* role);

}  // namespace ai_runtime

#endif
