import { messageOf } from '../../../schemas/errors.ts'

/** One value of a file as its bytes, or the problem with it. A value that is no object and no array may be no JSON. */
export interface JsonPiece {
  /** The line on which it starts, from 1. */
  readonly line: number
  /** Its place in an array at the top of the file: the line on which the array starts, and its number there, from 1. */
  readonly element?: { readonly of: number; readonly number: number }
  readonly bytes: Uint8Array
  /** Why there is no value here; `bytes` is then empty. */
  readonly problem?: string
}

/** Longer values are skipped, so that memory is bounded. */
export const VALUE_BYTES_MAX = 16 * 1024 * 1024

const NEWLINE = 0x0a
const COMMA = 0x2c
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === NEWLINE || byte === 0x0d
const opens = (byte: number): boolean => byte === OPEN_OBJECT || byte === OPEN_ARRAY
const closes = (byte: number): boolean => byte === CLOSE_OBJECT || byte === CLOSE_ARRAY

/**
 * Cuts a stream of UTF-8 into JSON values: one a line, values laid out over several lines, or the elements of an array at the top. Memory
 * is bounded. What is no value is yielded as a problem; the next line or element goes on.
 */
export async function* jsonValues(stream: AsyncIterable<Uint8Array>): AsyncGenerator<JsonPiece> {
  const cutter = createCutter()
  let problem: string | undefined
  try {
    for await (const chunk of stream) yield* cutter.cut(chunk)
  } catch (error) {
    problem = `the file cannot be read beyond this: ${messageOf(error)}`
  }
  yield* cutter.end(problem)
}

function createCutter() {
  /** `word`: neither object nor array, up to the end of its line or element. */
  let where: 'between' | 'value' | 'word' = 'between'
  let line = 1
  let array: { readonly of: number; number: number } | undefined
  /** An array has ended on this line. */
  let afterArray = false
  // Of the present value:
  let startLine = 1
  let depth = 0
  let inText = false
  let escaped = false
  /** A newline follows its first bracket, as where it is laid out over lines. */
  let laidOut = false
  let empty = true
  /** The byte before was a newline. */
  let atLineStart = false
  let parts: Uint8Array[] = []
  let length = 0

  const start = (byte: number): void => {
    where = opens(byte) ? 'value' : 'word'
    startLine = line
    depth = opens(byte) ? 1 : 0
    inText = false
    escaped = false
    laidOut = false
    empty = true
    atLineStart = false
    parts = []
    length = 0
  }
  const append = (part: Uint8Array): void => {
    length += part.length
    if (length <= VALUE_BYTES_MAX) parts.push(part)
    else parts = []
  }
  const finish = (why?: string): JsonPiece => {
    const problem = length > VALUE_BYTES_MAX ? `it has ${length} bytes; at most ${VALUE_BYTES_MAX} are allowed` : why
    const element = array === undefined ? undefined : { of: array.of, number: (array.number += 1) }
    const bytes = problem === undefined ? Buffer.concat(parts) : new Uint8Array()
    where = 'between'
    parts = []
    return { line: startLine, element, bytes, ...(problem === undefined ? {} : { problem }) }
  }

  /** A word may be a value, such as 5, which its reader finds out. */
  const wordProblem = (): string | undefined => (afterArray ? 'not JSON: there is text after the end of the array' : undefined)

  /** Whether a value goes on with this byte at the start of a line. If not, the line before was cut off. */
  const goesOn = (byte: number): boolean => array !== undefined || laidOut || isSpace(byte) || closes(byte)

  /** What the byte does to the present value or word: it goes on, ends with the byte, or has ended before it, with a problem. */
  const step = (byte: number): 'on' | 'with' | { readonly before: string | undefined } => {
    if (where === 'word') {
      const isOver = byte === NEWLINE || (array !== undefined && (byte === COMMA || byte === CLOSE_ARRAY))
      return isOver ? { before: wordProblem() } : 'on'
    }
    if (byte === NEWLINE) {
      if (inText) return { before: 'not JSON: the line ends in the middle of a text' }
      laidOut ||= empty
      atLineStart = true
      return 'on'
    }
    if (atLineStart && !goesOn(byte)) return { before: 'not JSON: the line ends in the middle of the value' }
    atLineStart = false
    if (inText) {
      if (escaped) escaped = false
      else if (byte === BACKSLASH) escaped = true
      else if (byte === QUOTE) inText = false
      return 'on'
    }
    empty &&= isSpace(byte)
    if (byte === QUOTE) inText = true
    else if (opens(byte)) depth += 1
    else if (closes(byte)) depth -= 1
    return depth === 0 ? 'with' : 'on'
  }

  /** Takes a byte between two values. */
  const begin = (byte: number): void => {
    if (isSpace(byte) || byte === COMMA) return
    if (array === undefined && byte === OPEN_ARRAY) array = { of: line, number: 0 }
    else if (array !== undefined && byte === CLOSE_ARRAY) {
      array = undefined
      afterArray = true
    } else start(byte)
  }

  return {
    *cut(chunk: Uint8Array): Generator<JsonPiece> {
      let from = 0
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at] ?? 0
        if (where === 'between') {
          from = at
          begin(byte)
        } else {
          const end = step(byte)
          if (end === 'with') {
            append(chunk.subarray(from, at + 1))
            yield finish()
          } else if (end !== 'on') {
            append(chunk.subarray(from, at))
            yield finish(end.before)
            // A line that is cut off leaves no array open.
            if (byte === CLOSE_ARRAY || byte === NEWLINE) {
              afterArray = array !== undefined && byte === CLOSE_ARRAY
              array = undefined
            } else begin(byte)
            from = at
          }
        }
        if (byte === NEWLINE) {
          line += 1
          afterArray = false
        }
      }
      if (where !== 'between') append(chunk.subarray(from))
    },

    *end(problem: string | undefined): Generator<JsonPiece> {
      if (where === 'word') yield finish(problem ?? wordProblem())
      else if (where === 'value') yield finish(problem ?? 'the file ends in the middle of it')
      else if (array !== undefined || problem !== undefined) {
        startLine = line
        length = 0
        // What is missing is no element.
        array = undefined
        yield finish(problem ?? 'the file ends in the middle of the array')
      }
    },
  }
}
