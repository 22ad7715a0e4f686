/*
 * The JavaScript classes PreparedPlan and Cursor.
 */
#ifndef AI_RUNTIME_PLV8_PREPARED_PLAN_H_
#define AI_RUNTIME_PLV8_PREPARED_PLAN_H_

#include "isolate.h"

namespace ai_runtime {

// Makes the templates of both classes for the role's isolate.
void InstallPlanTemplates(Role* role);

}  // namespace ai_runtime

#endif
