/*
 * plv8_info(): the roles of this backend and their memory.
 */
#ifndef AI_RUNTIME_PLV8_INFO_H_
#define AI_RUNTIME_PLV8_INFO_H_

namespace ai_runtime {

// A palloc'd JSON array, an object a role with a live isolate.
char* DescribeRoles();

}  // namespace ai_runtime

#endif
