/*
 * plv8.commit() and plv8.rollback(), in procedures and DO blocks.
 */
#include "natives.h"
#include "spi.h"

namespace ai_runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

void EndTransaction(const Info& info, bool commit) {
  v8::Isolate* isolate = info.GetIsolate();
  CallFrame* frame = CurrentFrame();
  if (!frame->nonatomic || frame->outer != nullptr)
    return ThrowError(isolate, "invalid transaction termination");
  ErrorData* error = Catch([&] {
    EnsureSpi();
    if (commit)
      SPI_commit();
    else
      SPI_rollback();
  });
  if (error != nullptr) ThrowOrTerminate(isolate, error, true);
}

}  // namespace

void CommitCallback(const Info& info) { EndTransaction(info, true); }
void RollbackCallback(const Info& info) { EndTransaction(info, false); }

}  // namespace ai_runtime
