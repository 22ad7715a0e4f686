/**
 * SQL literals and identifiers. Bodies are dollar-quoted with a tag made of their own hash, so that
 * no text, however written, ends its quotation early.
 */
import { createHash } from 'node:crypto';

/** The first characters of a text's SHA-256, hexadecimal. */
export function shortHash(text: string, length = 12): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, length);
}

/** A string literal, in the plain form that needs no escape syntax. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an identifier: bare where PostgreSQL reads it as is, else in double quotes. */
export function identifier(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name)
    ? name
    : `"${name.replaceAll('"', '""')}"`;
}

/** Words that look like names and are none; what our functions could be tempted to use. */
const reserved = new Set(
  `all and any array as asc both case cast check collate column constraint create default
   desc distinct do else end except false fetch for foreign from grant group having in into
   limit not null offset on only or order primary references returning select table then to
   true union unique user using when where window with`.split(/\s+/),
);

/** A text between dollar quotes whose tag it does not contain. */
export function dollarQuote(text: string): string {
  let tag = `$ai_${shortHash(text, 8)}$`;
  while (text.includes(tag.slice(0, -1))) {
    tag = `$ai_${shortHash(text + tag, 8)}$`;
  }
  return `${tag}${text}${tag}`;
}
