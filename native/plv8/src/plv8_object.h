/*
 * The context of a role: the global object `plv8`, the level constants, console.
 */
#ifndef AI_RUNTIME_PLV8_PLV8_OBJECT_H_
#define AI_RUNTIME_PLV8_PLV8_OBJECT_H_

#include "isolate.h"

namespace ai_runtime {

// Makes the role's context. Scopes of the isolate must be open.
void InstallContext(Role* role);

}  // namespace ai_runtime

#endif
