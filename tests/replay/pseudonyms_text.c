/*
 * pseudonyms_text.c - stand-ins in one document: XML, text, or binary.
 *
 * Nothing is parsed further than is needed to tell markup from what people
 * wrote: whatever is not known to be markup is replaced.
 */
#include <string.h>
#include <strings.h>

#include "octets.h"
#include "pseudonyms_body.h"

enum {
    STRING_MIN = 3,             /* of a string that ends with NUL */
    RUN_MIN = 5,                /* of any other */
    DIGITS_MAX = 5,             /* of a name: that many are too many */
    LETTERS_MIN = 4             /* octets: two letters of UTF-16 */
};

struct span {
    uint8_t *at, *end;
};

static bool starts_with(const struct span *span, const char *text)
{
    size_t length = strlen(text);

    return (size_t) (span->end - span->at) >= length
           && strncasecmp((const char *) span->at, text, length) == 0;
}

/* Behind the next occurrence of `text`, or the end. */
static uint8_t *behind(const struct span *span, const char *text)
{
    uint8_t *found = memmem(span->at, (size_t) (span->end - span->at), text,
                            strlen(text));

    return found == NULL ? span->end : found + strlen(text);
}

static void replace(struct standins *standins, uint8_t *at, uint8_t *end,
                    enum standins_charset charset)
{
    standins_text(standins, at, (size_t) (end - at), charset);
}

/* --- XML --------------------------------------------------------------- */

static const char *const kept_attributes[] = {
    "action", "bearer", "bearer-required", "class", "code", "created",
    "deliver-after-timestamp", "deliver-before-timestamp",
    "delivery-method", "encoding", "event-time", "message-state", "network",
    "network-required", "priority", "product-name",
    "progress-notes-requested", "received-time", "replace-method",
    "reply-time", "si-expires", "stage", "standalone", "supported-versions",
    "time", "version", "xml:lang", "xmlns"
};

static bool is_kept_attribute(const uint8_t *name, size_t length)
{
    size_t i;

    for (i = 0; i < sizeof(kept_attributes) / sizeof(kept_attributes[0]); i++)
        if (strlen(kept_attributes[i]) == length
            && memcmp(kept_attributes[i], name, length) == 0)
            return true;
    return false;
}

static bool is_word(uint8_t octet)
{
    return octet < 0x80 && standins_word_length(&octet, 1, STANDINS_UTF8) > 0;
}

/* The length of a reference like &amp; or &#229;; 0 if there is none. */
static size_t reference_length(const struct span *text)
{
    const uint8_t *at = text->at + 1;

    if (*text->at != '&')
        return 0;
    while (at < text->end && (is_word(*at) || *at == '#'))
        at++;
    return at < text->end && *at == ';' ? (size_t) (at + 1 - text->at) : 0;
}

/* Text in which references stay. */
static void replace_characters(struct standins *standins, struct span text,
                               enum standins_charset charset)
{
    uint8_t *from = text.at;
    size_t length;

    while (text.at < text.end) {
        length = reference_length(&text);
        if (length > 0) {
            replace(standins, from, text.at, charset);
            from = text.at + length;
        }
        text.at += length > 0 ? length : 1;
    }
    replace(standins, from, text.end, charset);
}

/* Of an IP address each digit becomes 1, so that it stays an address. */
static void replace_ip_address(struct span number)
{
    for (; number.at < number.end; number.at++)
        if (*number.at >= '0' && *number.at <= '9')
            *number.at = '1';
}

/* WAPPUSH=+46.../TYPE=PLMN@ppg.example.com: the number, which may have dots
 * and dashes, and the host. */
static void replace_address(struct standins *standins, struct span value,
                            enum standins_charset charset)
{
    struct span number = value, rest = value;

    if (!starts_with(&value, "WAPPUSH=")) {
        replace_characters(standins, value, charset);
        return;
    }
    number.at += strlen("WAPPUSH=");
    number.end = memchr(number.at, '/', (size_t) (value.end - number.at));
    if (number.end == NULL)
        number.end = value.end;
    rest.at = number.end;
    if (starts_with(&rest, "/TYPE=PLMN"))
        standins_number(standins, number.at,
                        (size_t) (number.end - number.at));
    else if (starts_with(&rest, "/TYPE=IPV4"))
        replace_ip_address(number);
    else
        replace(standins, number.at, number.end, charset);
    if (starts_with(&rest, "/TYPE=")) {
        rest.at += strlen("/TYPE=");
        rest.at += standins_word_length(rest.at,
                                        (size_t) (rest.end - rest.at),
                                        charset);
    }
    replace_characters(standins, rest, charset);
}

/* Whether a value ends where it should: before the document does, and
 * without other markup in it. */
static bool is_closed(const struct span *value, const struct span *rest)
{
    size_t size = (size_t) (value->end - value->at);

    return value->end < rest->end && memchr(value->at, '<', size) == NULL
           && memchr(value->at, '>', size) == NULL;
}

static void replace_value(struct standins *standins, struct span name,
                          struct span value, const struct span *rest,
                          enum standins_charset charset)
{
    size_t length = (size_t) (name.end - name.at);

    if (length == strlen("address-value")
        && memcmp(name.at, "address-value", length) == 0)
        replace_address(standins, value, charset);
    else if (!is_kept_attribute(name.at, length) || !is_closed(&value, rest))
        replace_characters(standins, value, charset);
}

static bool is_space(uint8_t octet)
{
    return octet == ' ' || octet == '\t' || octet == '\r' || octet == '\n';
}

static void skip_spaces(struct span *rest)
{
    while (rest->at < rest->end && is_space(*rest->at))
        rest->at++;
}

/* Up to a space or one of the characters. */
static struct span take_until(struct span *rest, const char *characters)
{
    struct span taken = { rest->at, rest->at };

    while (rest->at < rest->end && !is_space(*rest->at)
           && (*rest->at == '\0' || strchr(characters, *rest->at) == NULL))
        rest->at++;
    taken.end = rest->at;
    return taken;
}

/* A value in its quotes, or what stands in place of one. */
static struct span take_value(struct span *rest)
{
    struct span value;
    uint8_t quote;

    if (rest->at == rest->end || (*rest->at != '"' && *rest->at != '\''))
        return take_until(rest, ">");
    quote = *rest->at++;
    value = (struct span) {
        rest->at, memchr(rest->at, quote, (size_t) (rest->end - rest->at))
    };
    if (value.end == NULL)
        value.end = rest->end;
    rest->at = value.end < rest->end ? value.end + 1 : rest->end;
    return value;
}

/* Whether these can be the name of an element or an attribute. With five
 * digits and more it would name somebody. */
static bool is_name(const struct span *name)
{
    const uint8_t *at;
    int digits = 0;

    for (at = name->at; at < name->end; at++) {
        if (*at < 0x80 && !is_word(*at) && *at != '_' && *at != ':'
            && (at == name->at || (*at != '-' && *at != '.')))
            return false;
        if (*at < '0' || *at > '9')
            continue;
        if (at == name->at || ++digits >= DIGITS_MAX)
            return false;
    }
    return true;
}

/* A name of markup stays, what only stands in its place does not. */
static void replace_name(struct standins *standins, struct span name,
                         enum standins_charset charset)
{
    if (!is_name(&name))
        replace(standins, name.at, name.end, charset);
}

/* From the end of an element's name to its >. Returns behind it. */
static uint8_t *replace_attributes(struct standins *standins,
                                   struct span rest,
                                   enum standins_charset charset)
{
    struct span name, value;

    for (;;) {
        skip_spaces(&rest);
        if (rest.at == rest.end)
            return rest.end;
        if (*rest.at == '>')
            return rest.at + 1;
        name = take_until(&rest, "=>");
        skip_spaces(&rest);
        if (rest.at < rest.end && *rest.at == '=') {
            rest.at++;
            skip_spaces(&rest);
            value = take_value(&rest);
            replace_value(standins, name, value, &rest, charset);
            replace_name(standins, name, charset);
        } else {
            replace(standins, name.at, name.end, charset);
        }
    }
}

static bool is_one_of(const struct span *word, const char *const *words,
                      size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if ((size_t) (word->end - word->at) == strlen(words[i])
            && starts_with(word, words[i]))
            return true;
    return false;
}

static bool is_declaration(const struct span *rest)
{
    static const char *const keywords[] = {
        "<!DOCTYPE", "<!ENTITY", "<!ATTLIST", "<!ELEMENT", "<!NOTATION"
    };
    size_t i;

    for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
        if (starts_with(rest, keywords[i]))
            return true;
    return false;
}

/* <!DOCTYPE ...> up to its subset, or a declaration in one: the first name,
 * a few words, and which DTD it is, stay. Returns behind it. */
static uint8_t *replace_declaration(struct standins *standins,
                                    struct span rest,
                                    enum standins_charset charset)
{
    static const char *const kept[] = { "PUBLIC", "SYSTEM", "CDATA", "NDATA" };
    bool is_doctype = starts_with(&rest, "<!DOCTYPE"), is_first = true, stays;
    struct span word;

    rest.at += strlen("<!");
    take_until(&rest, "<>[\"'");
    for (;;) {
        skip_spaces(&rest);
        if (rest.at == rest.end || *rest.at == '<')
            return rest.at;
        if (*rest.at == '>' || *rest.at == '[')
            return rest.at + 1;
        if (*rest.at == '"' || *rest.at == '\'') {
            word = take_value(&rest);
            stays = is_doctype && is_closed(&word, &rest);
        } else {
            word = take_until(&rest, "<>[\"'");
            stays = (is_first && is_name(&word))
                || is_one_of(&word, kept, 4);
            is_first = false;
        }
        if (!stays)
            replace(standins, word.at, word.end, charset);
    }
}

/* A comment or character data: its text. Returns behind it. */
static uint8_t *replace_section(struct standins *standins, struct span rest,
                                size_t begin, const char *end,
                                enum standins_charset charset)
{
    uint8_t *after = behind(&rest, end);

    replace(standins, rest.at + begin, after, charset);
    return after;
}

/* Markup that begins here; returns behind it. */
static uint8_t *replace_markup(struct standins *standins, struct span rest,
                               enum standins_charset charset)
{
    struct span name;

    if (starts_with(&rest, "<!--"))
        return replace_section(standins, rest, strlen("<!--"), "-->",
                               charset);
    if (starts_with(&rest, "<![CDATA["))
        return replace_section(standins, rest, strlen("<![CDATA["), "]]>",
                               charset);
    if (is_declaration(&rest))
        return replace_declaration(standins, rest, charset);
    if (starts_with(&rest, "<!"))
        return rest.at + strlen("<!");
    rest.at++;                  /* <?xml ...?> is as an element here */
    if (rest.at < rest.end && (*rest.at == '/' || *rest.at == '?'))
        rest.at++;
    name = take_until(&rest, "/?>");
    replace_name(standins, name, charset);
    return replace_attributes(standins, rest, charset);
}

static void replace_xml(struct standins *standins, struct span document,
                        enum standins_charset charset)
{
    struct span text = document;

    while (text.at < document.end) {
        text.end = memchr(text.at, '<', (size_t) (document.end - text.at));
        if (text.end == NULL)
            text.end = document.end;
        replace_characters(standins, text, charset);
        text.at = text.end;
        text.end = document.end;
        if (text.at < document.end)
            text.at = replace_markup(standins, text, charset);
    }
}

/* --- binary ------------------------------------------------------------ */

static size_t run_character(const uint8_t *at, size_t size)
{
    if (size > 0 && *at < 0x80)
        return *at >= 0x20 && *at < 0x7f;
    return octets_character(at, size);
}

/* WBXML, MMS: strings end with NUL. Tokens and numbers that happen to look
 * like letters are shorter, or have no NUL behind them. */
static void replace_strings(struct standins *standins, struct span message)
{
    uint8_t *at = message.at, *end = at;
    size_t length;

    while (at < message.end) {
        length = run_character(end, (size_t) (message.end - end));
        end += length;
        if (length > 0)
            continue;
        if (end - at >= RUN_MIN
            || (end - at >= STRING_MIN && end < message.end && *end == '\0'))
            replace(standins, at, end, STANDINS_UTF8);
        at = ++end;
    }
}

/* --- which of them ----------------------------------------------------- */

static bool has_controls(const struct span *content)
{
    const uint8_t *at;

    for (at = content->at; at < content->end; at++)
        if (*at < 0x20 && !is_space(*at))
            return true;
    return false;
}

/* Whether letters stand there with their zeros: a third and more of the
 * octets are NUL, but of every fourth octet, from somewhere on, only few. */
static bool has_zeros(const struct span *content)
{
    size_t size = (size_t) (content->end - content->at), zeros[4] = { 0 }, i;
    bool are_letters = false;

    for (i = 0; i < size; i++)
        zeros[i % 4] += content->at[i] == '\0';
    for (i = 0; i < 4; i++)
        are_letters = are_letters || 16 * zeros[i] <= size;
    return are_letters
           && size >= LETTERS_MIN
           && 3 * (zeros[0] + zeros[1] + zeros[2] + zeros[3]) >= size;
}

/* UTF-16 and UTF-32, with or without a mark. */
static bool is_wide(const struct span *content)
{
    return content->end - content->at >= 2
           && (memcmp(content->at, "\xff\xfe", 2) == 0
               || memcmp(content->at, "\xfe\xff", 2) == 0
               || memcmp(content->at, "<\0", 2) == 0
               || memcmp(content->at, "\0<", 2) == 0
               || has_zeros(content));
}

bool pseudonyms_content(struct standins *standins, uint8_t *content,
                        size_t size)
{
    struct span all = { content, content + size }, inner = all;
    enum standins_charset charset = octets_are_text(content, size)
        ? STANDINS_UTF8 : STANDINS_LATIN;

    if (size == 0)
        return true;
    if (is_wide(&all))
        return false;
    if (has_controls(&all)) {
        replace_strings(standins, all);
        return true;
    }
    if (starts_with(&inner, "\xef\xbb\xbf"))
        inner.at += 3;
    while (inner.at < inner.end && is_space(*inner.at))
        inner.at++;
    if (inner.at < inner.end && *inner.at == '<')
        replace_xml(standins, inner, charset);
    else
        replace(standins, all.at, all.end, charset);
    return true;
}
