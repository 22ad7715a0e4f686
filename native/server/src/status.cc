// Names of the status codes and the texts of failed system calls.
#include "status.h"

#include <cstring>

namespace ai_runtime {

const char* StatusCodeName(AiStatusCode code) {
  switch (code) {
    case AI_STATUS_OK:
      return "OK";
    case AI_STATUS_NOT_FOUND:
      return "NOT_FOUND";
    case AI_STATUS_ALREADY_EXISTS:
      return "ALREADY_EXISTS";
    case AI_STATUS_INVALID_ARG:
      return "INVALID_ARG";
    case AI_STATUS_UNSUPPORTED:
      return "UNSUPPORTED";
    case AI_STATUS_UNAVAILABLE:
      return "UNAVAILABLE";
    case AI_STATUS_RESOURCE_EXHAUSTED:
      return "RESOURCE_EXHAUSTED";
    case AI_STATUS_CANCELLED:
      return "CANCELLED";
    case AI_STATUS_DEADLINE_EXCEEDED:
      return "DEADLINE_EXCEEDED";
    case AI_STATUS_PROTOCOL_VIOLATION:
      return "PROTOCOL_VIOLATION";
    case AI_STATUS_INTERNAL:
      return "INTERNAL";
    case AI_STATUS_MODEL_UNKNOWN:
      return "MODEL_UNKNOWN";
  }
  return "INTERNAL";
}

std::string Status::ToString() const {
  if (ok()) return "OK";
  std::string text = StatusCodeName(code_);
  text += ": " + message_;
  if (!detail_.empty()) text += " | " + detail_;
  if (!hint_.empty()) text += " | " + hint_;
  return text;
}

Status StatusFromErrno(const std::string& what, int error_number) {
  char text[256];
  // The GNU variant returns the text, in our buffer or in its own.
  const char* reason = strerror_r(error_number, text, sizeof(text));
  return Status(AI_STATUS_INTERNAL, what + ": " + reason);
}

}  // namespace ai_runtime
