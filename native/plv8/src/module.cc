/*
 * The library's entry: settings and the catalogue callbacks. Starts nothing of V8,
 * so the library may stand in shared_preload_libraries.
 */
#include "module.h"

#include "function_cache.h"
#include "interrupt.h"
#include "pg_v8.h"
#include "snapshot.h"

extern "C" {
#include "utils/guc.h"

PG_MODULE_MAGIC;
void _PG_init(void);
}

namespace ai_runtime {

char* guc_start_proc = nullptr;
char* guc_v8_flags = nullptr;
char* guc_snapshot = nullptr;
char* guc_icu_data = nullptr;
int guc_debugger_port = 0;
int guc_memory_limit_mb = 256;
int guc_compatibility = kStrict;
bool guc_typed_arrays = false;
bool guc_allow_eval = true;
int guc_numeric = kNumericNumber;
int guc_json_numbers = kJsonDouble;

namespace {

const struct config_enum_entry kCompatibilityOptions[] = {
    {"strict", kStrict, false}, {"upstream", kUpstream, false}, {nullptr, 0, false}};

const struct config_enum_entry kNumericOptions[] = {{"number", kNumericNumber, false},
                                                    {"string", kNumericString, false},
                                                    {"bigint", kNumericBigInt, false},
                                                    {nullptr, 0, false}};
const struct config_enum_entry kJsonNumberOptions[] = {
    {"double", kJsonDouble, false}, {"exact", kJsonExact, false}, {nullptr, 0, false}};

// Settings of upstream that have no meaning here: a postgresql.conf may hold them.
void DefineIdleSettings() {
  DefineCustomStringVariable("plv8.icu_data", "Accepted for compatibility, without effect.",
                             "V8 uses the system's ICU.", &guc_icu_data, "", PGC_SUSET, 0,
                             nullptr, nullptr, nullptr);
  DefineCustomIntVariable("plv8.debugger_port", "Accepted for compatibility, without effect.",
                          nullptr, &guc_debugger_port, 0, 0, 65536, PGC_USERSET, 0, nullptr,
                          nullptr, nullptr);
}

void DefineConversionSettings() {
  DefineCustomEnumVariable("plv8.numeric", "What a numeric value is in JavaScript.",
                           "number rounds; string keeps all digits; bigint is a BigInt for "
                           "whole numbers and a string for others.",
                           &guc_numeric, kNumericNumber, kNumericOptions, PGC_USERSET, 0,
                           nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("plv8.json_numbers",
                           "What numbers of json and jsonb are that a double does not hold.",
                           "double rounds; exact makes whole ones BigInt, others strings, and "
                           "writes BigInt as a number.",
                           &guc_json_numbers, kJsonDouble, kJsonNumberOptions, PGC_USERSET, 0,
                           nullptr, nullptr, nullptr);
}

void DefineLimits() {
  DefineCustomRealVariable("plv8.execution_timeout",
                           "Longest time that JavaScript may run in one call, 0 for any.",
                           nullptr, &guc_execution_timeout_s, 0, 0, 65536, PGC_USERSET,
                           GUC_UNIT_S, nullptr, AssignExecutionTimeout, nullptr);
  DefineCustomBoolVariable("plv8.allow_eval",
                           "Whether JavaScript may make code of strings.",
                           "Forbids eval() and new Function() when off.", &guc_allow_eval,
                           true, PGC_SUSET, 0, nullptr, nullptr, nullptr);
}

void DefineSettings() {
  DefineCustomStringVariable("plv8.start_proc",
                             "Function that runs when a role's JavaScript starts.", nullptr,
                             &guc_start_proc, "", PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("plv8.v8_flags", "Flags for V8, read when it starts.", nullptr,
                             &guc_v8_flags, "", PGC_SUSET, 0, nullptr, nullptr, nullptr);
  DefineCustomStringVariable("plv8.snapshot",
                             "File that JavaScript starts from, empty for none.",
                             "Read when the library is preloaded, else when V8 starts.",
                             &guc_snapshot, "$libdir/plv8.snapshot", PGC_SUSET, 0, nullptr,
                             nullptr, nullptr);
  DefineCustomIntVariable("plv8.memory_limit",
                          "Heap and array buffers of a role's JavaScript together.",
                          "Read when a role's JavaScript starts.", &guc_memory_limit_mb, 256,
                          16, 3096, PGC_SUSET, GUC_UNIT_MB, nullptr, nullptr, nullptr);
  DefineCustomEnumVariable("plv8.compatibility",
                           "Whether results are as upstream plv8's where these differ.",
                           "strict raises errors where upstream distorts a value.",
                           &guc_compatibility, kStrict, kCompatibilityOptions, PGC_USERSET, 0,
                           nullptr, nullptr, nullptr);
  DefineCustomBoolVariable("plv8.typed_arrays",
                           "Whether numeric array arguments arrive as typed arrays.",
                           "Holds for one-dimensional arrays without NULLs.",
                           &guc_typed_arrays, false, PGC_USERSET, 0, nullptr, nullptr,
                           nullptr);
  DefineIdleSettings();
  DefineConversionSettings();
  DefineLimits();
  MarkGUCPrefixReserved("plv8");
}

}  // namespace
}  // namespace ai_runtime

void _PG_init(void) {
  ai_runtime::DefineSettings();
  ai_runtime::WatchFunctionCatalog();
  if (process_shared_preload_libraries_in_progress) ai_runtime::PreloadSnapshot();
}
