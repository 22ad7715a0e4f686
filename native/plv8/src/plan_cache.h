/*
 * Plans of plv8.execute(), by statement text: what is executed again is neither
 * parsed nor planned again.
 */
#ifndef AI_RUNTIME_PLV8_PLAN_CACHE_H_
#define AI_RUNTIME_PLV8_PLAN_CACHE_H_

#include "pg_v8.h"
#include "type_info.h"

namespace ai_runtime {

// A saved plan and the types of its parameters.
struct Plan {
  SPIPlanPtr spi_plan = nullptr;
  int parameter_count = 0;
  TypeInfo* parameters = nullptr;
  MemoryContext memory = nullptr;  // of the parameters; owned
  bool can_cache = false;
  int users = 0;                   // executions on the stack
};

// Prepares a statement; parameter types that are not given are the parser's
// choice. Raises. The plan is saved and belongs to the caller.
Plan* MakePlan(const char* sql, const Oid* types, int type_count, int argument_count);

// Frees plan and memory, at once or when its last execution ended.
void FreePlan(Plan* plan);

// The cached plan for the text under the current role and search_path, or nullptr.
Plan* FindPlan(const char* sql, size_t length, int argument_count);

// Keeps the plan, dropping the one that was not used for longest if there are too
// many. The cache owns it then.
void KeepPlan(const char* sql, size_t length, int argument_count, Plan* plan);

// Forgets the plan of that text, if it is cached and not being executed.
void DropPlan(const char* sql, size_t length, int argument_count);

// True for one statement that is planned; others are not worth keeping.
bool IsPlannable(const char* sql);

}  // namespace ai_runtime

#endif
