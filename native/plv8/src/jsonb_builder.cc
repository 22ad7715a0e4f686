/*
 * jsonb made of the JSON text that JSON.stringify wrote. The text is read once, value by
 * value; a value's bytes go to the end of one buffer, and when a container ends, what it
 * holds is put in order behind its header and entries, in the place where it began. The
 * stored form is that of utils/jsonb.h. What stringify does not write is left to jsonb_in(),
 * errors too.
 */
#include "jsonb_builder.h"

#include "numeric_format.h"

extern "C" {
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
}

namespace ai_runtime {
namespace {

constexpr uint32 kPollMask = 0xFFF;
constexpr uint32 kMaxItems = Min(MaxAllocSize / sizeof(JsonbPair), JB_CMASK);

// A value, and the key before it in an object: where their bytes are in the buffer.
struct Item {
  uint32 type = JENTRY_ISNULL;
  uint32 start = 0;
  uint32 length = 0;
  uint32 key_start = 0;
  uint32 key_length = 0;
};

// Plain data, as all of this may raise.
struct Builder {
  const char* at = nullptr;
  const char* end = nullptr;
  StringInfoData bytes;
  Item* items = nullptr;  // of the open containers, one behind the other
  uint32 count = 0;
  uint32 capacity = 0;
  uint32 polls = 0;
};

bool ReadValue(Builder* builder, Item* item);

void Poll(Builder* builder) {
  if ((++builder->polls & kPollMask) == 0) CHECK_FOR_INTERRUPTS();
}

void Push(Builder* builder, const Item& item) {
  if (builder->count == builder->capacity) {
    builder->capacity *= 2;
    builder->items = static_cast<Item*>(
        repalloc_huge(builder->items, sizeof(Item) * builder->capacity));
  }
  builder->items[builder->count++] = item;
  Poll(builder);
}

bool Take(Builder* builder, char expected) {
  if (builder->at >= builder->end || *builder->at != expected) return false;
  builder->at++;
  return true;
}

void Align(StringInfo bytes) {
  while (bytes->len % ALIGNOF_INT != 0) appendStringInfoChar(bytes, '\0');
}

// The character of an escape at `at`, behind the backslash; 0 where jsonb_in must decide.
char Unescaped(const Builder* builder, const char* at, size_t* length) {
  static const char kEscapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
  *length = 1;
  if (at >= builder->end) return 0;
  if (*at == 'u') {
    /* Stringify writes control characters so, and surrogates that stand alone. */
    if (builder->end - at < 5 || strncmp(at + 1, "00", 2) != 0) return 0;
    char digits[3] = {at[3], at[4], 0};
    *length = 5;
    long code = strtol(digits, nullptr, 16);
    return code < 0x80 ? static_cast<char>(code) : 0;
  }
  for (const char* escape = kEscapes; *escape; escape += 2) {
    if (*escape == *at) return escape[1];
  }
  return 0;
}

// A string's bytes; false when the text is not what stringify writes.
bool ReadString(Builder* builder, uint32* start, uint32* length) {
  if (!Take(builder, '"')) return false;
  *start = static_cast<uint32>(builder->bytes.len);
  for (;;) {
    const char* from = builder->at;
    while (builder->at < builder->end && *builder->at != '"' && *builder->at != '\\')
      builder->at++;
    if (builder->at >= builder->end) return false;
    appendBinaryStringInfoNT(&builder->bytes, from, static_cast<int>(builder->at - from));
    if (*builder->at++ == '"') break;
    size_t escape_length = 0;
    char unescaped = Unescaped(builder, builder->at, &escape_length);
    if (unescaped == 0) return false;
    appendStringInfoChar(&builder->bytes, unescaped);
    builder->at += escape_length;
  }
  *length = static_cast<uint32>(builder->bytes.len) - *start;
  if (*length > JENTRY_OFFLENMASK)
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("string too long to represent as jsonb string"),
                    errdetail("Due to an implementation restriction, jsonb strings cannot "
                              "exceed %d bytes.",
                              JENTRY_OFFLENMASK)));
  return true;
}

bool ReadNumber(Builder* builder, Item* item) {
  alignas(int32) char buffer[kNumericBufferBytes];
  const char* from = builder->at;
  if (*from != '-' && (*from < '0' || *from > '9')) return false;
  while (builder->at < builder->end && *builder->at != ',' && *builder->at != ']' &&
         *builder->at != '}')
    builder->at++;
  Numeric number = NumericOfText(from, static_cast<size_t>(builder->at - from), buffer);
  Align(&builder->bytes);
  item->type = JENTRY_ISNUMERIC;
  item->start = static_cast<uint32>(builder->bytes.len);
  item->length = VARSIZE_ANY(number);
  appendBinaryStringInfoNT(&builder->bytes, reinterpret_cast<char*>(number),
                           static_cast<int>(item->length));
  return true;
}

bool ReadWord(Builder* builder, const char* word, uint32 type, Item* item) {
  size_t length = strlen(word);
  if (static_cast<size_t>(builder->end - builder->at) < length ||
      memcmp(builder->at, word, length) != 0)
    return false;
  builder->at += length;
  item->type = type;
  return true;
}

int CompareKeys(const void* left, const void* right, void* argument) {
  const Item* a = static_cast<const Item*>(left);
  const Item* b = static_cast<const Item*>(right);
  const char* bytes = static_cast<Builder*>(argument)->bytes.data;
  if (a->key_length != b->key_length) return a->key_length < b->key_length ? -1 : 1;
  return memcmp(bytes + a->key_start, bytes + b->key_start, a->key_length);
}

// In jsonb's order. Stringify writes no key twice.
void SortMembers(Builder* builder, uint32 first) {
  for (uint32 i = first + 1; i < builder->count; i++) {
    if (CompareKeys(&builder->items[i - 1], &builder->items[i], builder) < 0) continue;
    qsort_arg(builder->items + first, builder->count - first, sizeof(Item), CompareKeys,
              builder);
    return;
  }
}

// Appends an entry's bytes and writes the entry. Padding counts with the value behind it.
void Emit(Builder* builder, const Item& item, bool is_key, size_t entries, uint32 index,
          uint32* total) {
  StringInfo bytes = &builder->bytes;
  uint32 start = is_key ? item.key_start : item.start;
  uint32 length = is_key ? item.key_length : item.length;
  uint32 type = is_key ? JENTRY_ISSTRING : item.type;
  int before = bytes->len;
  if (type == JENTRY_ISNUMERIC || type == JENTRY_ISCONTAINER) Align(bytes);
  enlargeStringInfo(bytes, static_cast<int>(length));
  memcpy(bytes->data + bytes->len, bytes->data + start, length);
  bytes->len += static_cast<int>(length);
  uint32 grown = static_cast<uint32>(bytes->len - before);
  *total += grown;
  if (*total > JENTRY_OFFLENMASK)
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("total size of jsonb elements exceeds the maximum of %d bytes",
                           JENTRY_OFFLENMASK)));
  JEntry entry = type | (index % JB_OFFSET_STRIDE == 0 ? *total | JENTRY_HAS_OFF : grown);
  memcpy(bytes->data + entries + index * sizeof(JEntry), &entry, sizeof(JEntry));
  Poll(builder);
}

// Ends a container: its items become one value at `start`.
void Close(Builder* builder, uint32 first, uint32 start, uint32 flags, Item* item) {
  StringInfo bytes = &builder->bytes;
  uint32 count = builder->count - first;
  uint32 total = 0;
  uint32 header = count | flags;
  bool is_object = (flags & JB_FOBJECT) != 0;
  if (count > kMaxItems)
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("number of jsonb elements exceeds the maximum allowed (%u)",
                           kMaxItems)));
  if (is_object) SortMembers(builder, first);
  Align(bytes);
  int image = bytes->len;
  size_t entries = static_cast<size_t>(image) + sizeof(header);
  size_t room = sizeof(header) + sizeof(JEntry) * count * (is_object ? 2 : 1);
  if (room > static_cast<size_t>(INT_MAX)) enlargeStringInfo(bytes, INT_MAX);
  enlargeStringInfo(bytes, static_cast<int>(room));
  memcpy(bytes->data + image, &header, sizeof(header));
  bytes->len += static_cast<int>(room);
  const Item* items = builder->items + first;
  for (uint32 i = 0; is_object && i < count; i++)
    Emit(builder, items[i], true, entries, i, &total);
  for (uint32 i = 0; i < count; i++)
    Emit(builder, items[i], false, entries, is_object ? count + i : i, &total);
  int size = bytes->len - image;
  memmove(bytes->data + start, bytes->data + image, static_cast<size_t>(size));
  bytes->len = static_cast<int>(start) + size;
  builder->count = first;
  item->type = JENTRY_ISCONTAINER;
  item->start = start;
  item->length = static_cast<uint32>(size);
}

bool ReadContainer(Builder* builder, Item* item) {
  bool is_object = *builder->at == '{';
  char closing = is_object ? '}' : ']';
  uint32 first = builder->count;
  check_stack_depth();
  builder->at++;
  Align(&builder->bytes);
  uint32 start = static_cast<uint32>(builder->bytes.len);
  for (bool more = !Take(builder, closing); more;) {
    Item member;
    if (is_object && (!ReadString(builder, &member.key_start, &member.key_length) ||
                      !Take(builder, ':')))
      return false;
    if (!ReadValue(builder, &member)) return false;
    Push(builder, member);
    more = Take(builder, ',');
    if (!more && !Take(builder, closing)) return false;
  }
  Close(builder, first, start, is_object ? JB_FOBJECT : JB_FARRAY, item);
  return true;
}

bool ReadValue(Builder* builder, Item* item) {
  if (builder->at >= builder->end) return false;
  switch (*builder->at) {
    case '"':
      item->type = JENTRY_ISSTRING;
      return ReadString(builder, &item->start, &item->length);
    case '{':
    case '[':
      return ReadContainer(builder, item);
    case 't':
      return ReadWord(builder, "true", JENTRY_ISBOOL_TRUE, item);
    case 'f':
      return ReadWord(builder, "false", JENTRY_ISBOOL_FALSE, item);
    case 'n':
      return ReadWord(builder, "null", JENTRY_ISNULL, item);
    default:
      return ReadNumber(builder, item);
  }
}

}  // namespace

Datum JsonbOfText(char* text, size_t length) {
  Builder builder;
  Item root;
  builder.at = text;
  builder.end = text + length;
  builder.capacity = 64;
  builder.items = static_cast<Item*>(palloc(sizeof(Item) * builder.capacity));
  initStringInfo(&builder.bytes);
  enlargeStringInfo(&builder.bytes, static_cast<int>(Min(length * 2, 1000000)));
  builder.bytes.len = VARHDRSZ;
  bool done = ReadValue(&builder, &root) && builder.at == builder.end;
  if (done && root.type != JENTRY_ISCONTAINER) {
    /* A scalar is stored as an array of it. Its bytes begin behind the header. */
    Push(&builder, root);
    Close(&builder, 0, VARHDRSZ, JB_FARRAY | JB_FSCALAR, &root);
  }
  pfree(builder.items);
  if (!done) {
    pfree(builder.bytes.data);
    return DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
  }
  SET_VARSIZE(builder.bytes.data, builder.bytes.len);
  return PointerGetDatum(builder.bytes.data);
}

}  // namespace ai_runtime
