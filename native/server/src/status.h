// What a call came to: OK, or a code of the wire protocol with a message, a detail and a hint.
//
// Every function of the server that can fail returns one; nothing throws across a function
// that is declared in a header. The texts follow PostgreSQL's message style, because the
// extension raises them as they are: message lower-case, DETAIL and HINT in sentences.
#ifndef AI_RUNTIME_SERVER_STATUS_H_
#define AI_RUNTIME_SERVER_STATUS_H_

#include <string>
#include <utility>

#include "protocol.h"

namespace ai_runtime {

class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(AiStatusCode code, std::string message, std::string detail = "", std::string hint = "")
      : code_(code),
        message_(std::move(message)),
        detail_(std::move(detail)),
        hint_(std::move(hint)) {}

  static Status Ok() { return Status(); }

  bool ok() const { return code_ == AI_STATUS_OK; }
  AiStatusCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& detail() const { return detail_; }
  const std::string& hint() const { return hint_; }

  // The code's name and all texts in one line, for the log and for tests.
  std::string ToString() const;

 private:
  AiStatusCode code_ = AI_STATUS_OK;
  std::string message_;
  std::string detail_;
  std::string hint_;
};

// The name of a code as protocol.h has it, without its prefix.
const char* StatusCodeName(AiStatusCode code);

// A status for a system call that failed: what was tried, and errno's text.
Status StatusFromErrno(const std::string& what, int error_number);

#define RETURN_IF_ERROR(expression)                      \
  do {                                                   \
    ::ai_runtime::Status status_of_call_ = (expression); \
    if (!status_of_call_.ok()) return status_of_call_;   \
  } while (false)

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_STATUS_H_
