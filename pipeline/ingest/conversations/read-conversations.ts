import { decodeUtf8, parseJson } from '../../../schemas/json.ts'
import { conversationsIn, type FileConversation, isTurn, UnreadableError } from './conversation-formats.ts'
import { type JsonPiece, VALUE_BYTES_MAX } from './json-values.ts'

/** Where a conversation is in a file. */
export interface Place {
  /** The line on which it starts, from 1. */
  readonly line: number
  /** Its number in an array at the top of the file, from 1. */
  readonly element?: number | undefined
}

export const placeText = ({ line, element }: Place): string => (element === undefined ? `line ${line}` : `element ${element}`)

/** A conversation of a file, or the problem with it. */
export interface ReadConversation {
  readonly place: Place
  readonly conversation?: FileConversation
  readonly problem?: string
  /** Its size in the file. */
  readonly bytes: number
}

/** Turns of one array at the top of the file, which together are a conversation. */
interface TurnArray {
  readonly line: number
  readonly turns: unknown[]
  bytes: number
}

/** Reads the conversations of a file, whatever their format. An array of turns is one conversation. */
export async function* readConversations(pieces: AsyncIterable<JsonPiece>): AsyncGenerator<ReadConversation> {
  let array: TurnArray | undefined
  for await (const piece of pieces) {
    const { line, element, bytes } = piece
    const value = piece.problem === undefined ? valueOf(bytes) : { problem: piece.problem }
    if (array !== undefined && (array.line !== element?.of || element.number === 1)) {
      yield* readArray(array)
      array = undefined
    }
    if (element !== undefined && 'value' in value && isTurn(value.value)) {
      array ??= { line: element.of, turns: [], bytes: 0 }
      array.bytes += bytes.length
      if (array.bytes <= VALUE_BYTES_MAX) array.turns.push(value.value)
      continue
    }
    const place = { line, element: element?.number }
    yield* 'value' in value ? readValue(value.value, place, bytes.length) : [{ place, problem: value.problem, bytes: bytes.length }]
  }
  if (array !== undefined) yield* readArray(array)
}

function valueOf(bytes: Uint8Array): { readonly value: unknown } | { readonly problem: string } {
  const text = decodeUtf8(bytes)
  if (text === undefined) return { problem: 'not UTF-8' }
  const value = parseJson(text)
  return value === undefined ? { problem: 'not JSON' } : { value }
}

function* readArray({ line, turns, bytes }: TurnArray): Generator<ReadConversation> {
  const place = { line }
  if (bytes <= VALUE_BYTES_MAX) yield* readValue(turns, place, bytes)
  else yield { place, problem: `${bytes} bytes; at most ${VALUE_BYTES_MAX} are allowed`, bytes: 0 }
}

function readValue(value: unknown, place: Place, bytes: number): ReadConversation[] {
  try {
    return conversationsIn(value).map((conversation, index) => ({ place, conversation, bytes: index === 0 ? bytes : 0 }))
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error
    return [{ place, problem: error.message, bytes }]
  }
}
