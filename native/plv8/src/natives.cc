/*
 * The addresses of the native functions, see natives.h.
 */
#include "natives.h"

namespace ai_runtime {

#define PLV8_ADDRESS(name) reinterpret_cast<intptr_t>(name),
const intptr_t kNativeAddresses[] = {PLV8_NATIVES(PLV8_ADDRESS) 0};
#undef PLV8_ADDRESS

}  // namespace ai_runtime
