/*
 * Plans of plv8.execute(). SPI revalidates a saved plan by itself when tables or
 * search_path change; what it cannot see is that other parameter types would be
 * deduced, so the key holds role and search_path too.
 */
#include "plan_cache.h"

#include "errors.h"

extern "C" {
#include "catalog/namespace.h"
#include "nodes/parsenodes.h"
#include "parser/analyze.h"
#include "parser/parser.h"
}

namespace ai_runtime {
namespace {

constexpr size_t kMaxPlans = 256;
constexpr size_t kMaxTextBytes = 64 * 1024;

struct Entry {
  std::string key;
  Plan* plan;
};

std::list<Entry>* entries = nullptr;  // least recently used last
std::unordered_map<std::string, std::list<Entry>::iterator>* index_by_key = nullptr;

std::string KeyOf(const char* sql, size_t length, int argument_count) {
  std::string key;
  key.reserve(length + 64);
  key.append(std::to_string(GetUserId())).push_back(' ');
  key.append(std::to_string(argument_count)).push_back(' ');
  key.append(namespace_search_path ? namespace_search_path : "").push_back('\0');
  key.append(sql, length);
  return key;
}

void EvictOne() {
  for (auto it = entries->end(); it != entries->begin();) {
    --it;
    if (it->plan->users > 0) continue;
    FreePlan(it->plan);
    index_by_key->erase(it->key);
    entries->erase(it);
    return;
  }
}

// The parameter types that the parser deduces.
void DeduceTypes(const char* sql, Oid** types, int* count) {
  List* statements = raw_parser(sql, RAW_PARSE_DEFAULT);
  ListCell* cell;
  foreach (cell, statements)
    (void)parse_analyze_varparams(lfirst_node(RawStmt, cell), sql, types, count, nullptr);
  for (int i = 0; i < *count; i++) {
    if ((*types)[i] == UNKNOWNOID || !OidIsValid((*types)[i])) (*types)[i] = TEXTOID;
  }
}

}  // namespace

bool IsPlannable(const char* sql) {
  List* statements = raw_parser(sql, RAW_PARSE_DEFAULT);
  if (list_length(statements) != 1) return false;
  switch (nodeTag(linitial_node(RawStmt, statements)->stmt)) {
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
      return true;
    default:
      return false;
  }
}

Plan* MakePlan(const char* sql, const Oid* types, int type_count, int argument_count) {
  Oid* all_types = nullptr;
  int count = type_count;
  if (type_count > 0) {
    all_types = static_cast<Oid*>(palloc(sizeof(Oid) * static_cast<size_t>(type_count)));
    memcpy(all_types, types, sizeof(Oid) * static_cast<size_t>(type_count));
  } else if (argument_count > 0) {
    DeduceTypes(sql, &all_types, &count);
  }
  SPIPlanPtr spi_plan = SPI_prepare(sql, count, all_types);
  if (spi_plan == nullptr)
    elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
  MemoryContext memory =
      AllocSetContextCreate(TopMemoryContext, "plv8 plan", ALLOCSET_SMALL_SIZES);
  Plan* plan = static_cast<Plan*>(MemoryContextAllocZero(memory, sizeof(Plan)));
  plan->memory = memory;
  plan->parameter_count = count;
  plan->parameters = static_cast<TypeInfo*>(
      MemoryContextAllocZero(memory, sizeof(TypeInfo) * static_cast<size_t>(count + 1)));
  for (int i = 0; i < count; i++) InitType(&plan->parameters[i], all_types[i], -1, memory);
  if (SPI_keepplan(spi_plan) != 0) elog(ERROR, "SPI_keepplan failed");
  plan->spi_plan = spi_plan;
  return plan;
}

void FreePlan(Plan* plan) {
  ErrorData* error = Catch([&] { SPI_freeplan(plan->spi_plan); });
  if (error != nullptr) DropError(error);
  MemoryContextDelete(plan->memory);
}

Plan* FindPlan(const char* sql, size_t length, int argument_count) {
  if (index_by_key == nullptr || length > kMaxTextBytes) return nullptr;
  auto found = index_by_key->find(KeyOf(sql, length, argument_count));
  if (found == index_by_key->end()) return nullptr;
  entries->splice(entries->begin(), *entries, found->second);
  return found->second->plan;
}

void DropPlan(const char* sql, size_t length, int argument_count) {
  if (index_by_key == nullptr) return;
  auto found = index_by_key->find(KeyOf(sql, length, argument_count));
  if (found == index_by_key->end() || found->second->plan->users > 0) return;
  FreePlan(found->second->plan);
  entries->erase(found->second);
  index_by_key->erase(found);
}

void KeepPlan(const char* sql, size_t length, int argument_count, Plan* plan) {
  if (entries == nullptr) {
    entries = new std::list<Entry>;
    index_by_key = new std::unordered_map<std::string, std::list<Entry>::iterator>;
  }
  std::string key = KeyOf(sql, length, argument_count);
  if (entries->size() >= kMaxPlans) EvictOne();
  auto found = index_by_key->find(key);
  if (found != index_by_key->end()) {
    /* The statement ran itself: both plans are good, the older one stays known. */
    return;
  }
  entries->push_front({key, plan});
  (*index_by_key)[key] = entries->begin();
}

}  // namespace ai_runtime
