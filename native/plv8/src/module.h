/*
 * Settings of the library, named as upstream's where upstream has them.
 */
#ifndef AI_RUNTIME_PLV8_MODULE_H_
#define AI_RUNTIME_PLV8_MODULE_H_

namespace ai_runtime {

enum Compatibility { kStrict, kUpstream };
enum NumericAs { kNumericNumber, kNumericString, kNumericBigInt };
enum JsonNumbers { kJsonDouble, kJsonExact };

extern char* guc_start_proc;
extern char* guc_v8_flags;
extern char* guc_snapshot;
extern char* guc_icu_data;
extern int guc_memory_limit_mb;
extern int guc_compatibility;
extern bool guc_typed_arrays;
extern bool guc_allow_eval;
extern int guc_numeric;
extern int guc_json_numbers;

}  // namespace ai_runtime

#endif
