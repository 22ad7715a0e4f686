/*
 * plv8_info().
 */
#include "info.h"

#include "isolate.h"

extern "C" {
#include "utils/json.h"
}

namespace ai_runtime {

char* DescribeRoles() {
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfoChar(&out, '[');
  for (Role* role = NextLiveRole(nullptr); role; role = NextLiveRole(role)) {
    char* name = GetUserNameFromId(role->user_id, true);
    v8::HeapStatistics statistics;
    role->isolate->GetHeapStatistics(&statistics);
    if (out.len > 1) appendStringInfoString(&out, ", ");
    appendStringInfoString(&out, "{\"user\": ");
    escape_json(&out, name ? name : "");
    appendStringInfo(&out,
                     ", \"total_heap_size\": %zu, \"used_heap_size\": %zu, "
                     "\"external_memory\": %zu, \"array_buffer_bytes\": %zu, \"functions\": %zu, "
                     "\"functions_from_cache\": %d, \"snapshot\": %s, \"bundle\": ",
                     statistics.total_heap_size(), statistics.used_heap_size(),
                     statistics.external_memory(), ArrayBufferBytes(role),
                     role->functions.size(), role->cached_functions,
                     role->from_snapshot ? "true" : "false");
    if (role->bundle != nullptr)
      escape_json(&out, role->bundle);
    else
      appendStringInfoString(&out, "null");
    appendStringInfoChar(&out, '}');
  }
  appendStringInfoChar(&out, ']');
  return out.data;
}

}  // namespace ai_runtime
