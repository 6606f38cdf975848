import { decodeUtf8, isJsonType, parseJson } from './json.ts'

/** Headers by name, in any case. NATS has a list of values for a name, HTTP one. */
export type Headers = Iterable<readonly [name: string, value: string | readonly string[] | undefined]>

const PREFIX = 'ce-'
/** The form of an attribute's name. It excludes nothing that CloudEvents allows. */
const ATTRIBUTE = /^[a-z0-9]+$/
const CLOUDEVENTS_TYPE = /^application\/cloudevents/i

/** Attributes of Colloquy whose values in JSON are not texts. */
const READ_AS: Readonly<Record<string, (text: string) => unknown>> = {
  dataversion: (text) => (/^\d{1,15}$/.test(text) ? Number(text) : text),
  history: (text) => (text === 'true' ? true : text === 'false' ? false : text),
}

/**
 * Brings a message into the structured mode of CloudEvents: one JSON object with all attributes. A message in binary mode has its
 * attributes in headers `ce-<name>`, and its payload is the data (HTTP binding 1.0.2, 3.1; NATS binding 1.0.3, 3.1). The headers of any
 * other message say nothing, and its payload is returned as it is. So is a payload that should be JSON and is not.
 */
export function structuredPayload(headers: Headers, payload: Uint8Array): Uint8Array {
  const attributes = binaryAttributes(headers)
  if (attributes === undefined) return payload
  const { datacontenttype } = attributes
  if (payload.length === 0) return encode(attributes)
  if (typeof datacontenttype === 'string' && !isJsonType(datacontenttype)) {
    return encode({ ...attributes, data_base64: Buffer.from(payload).toString('base64') })
  }
  const data = parseJson(decodeUtf8(payload) ?? '')
  return data === undefined ? payload : encode({ ...attributes, data })
}

const encode = (event: object): Uint8Array => Buffer.from(JSON.stringify(event))

/** The attributes in the headers; `undefined` if the message is not in binary mode. */
function binaryAttributes(headers: Headers): Record<string, unknown> | undefined {
  let found: Record<string, unknown> | undefined
  let contentType: string | undefined
  for (const [header, given] of headers) {
    // The usual header of a message, Nats-Msg-Id, is passed over by its first letter.
    const first = header.charCodeAt(0) | SMALL
    if (first !== C) continue
    const name = header.toLowerCase()
    const value = typeof given === 'string' ? given : given?.[0]
    if (value === undefined) continue
    if (name === 'content-type') contentType = value
    if (!name.startsWith(PREFIX)) continue
    const attribute = name.slice(PREFIX.length)
    if (!ATTRIBUTE.test(attribute) || attribute === 'data') continue
    const text = decodeValue(value)
    found ??= {}
    found[attribute] = READ_AS[attribute]?.(text) ?? text
  }
  if (found === undefined || (found['specversion'] === undefined && found['type'] === undefined)) return undefined
  if (contentType === undefined) return found
  return CLOUDEVENTS_TYPE.test(contentType) ? undefined : { ...found, datacontenttype: contentType }
}

const SMALL = 0x20
const C = 'c'.charCodeAt(0)

/** A header's value as the HTTP binding defines it (1.0.2, 3.1.3.2): percent-encoded UTF-8, perhaps in quotes. */
function decodeValue(value: string): string {
  const unquoted = /^"(.*)"$/s.exec(value)?.[1]?.replace(/\\(.)/gs, '$1') ?? value
  if (!unquoted.includes('%')) return unquoted
  try {
    return decodeURIComponent(unquoted)
  } catch {
    return unquoted
  }
}
