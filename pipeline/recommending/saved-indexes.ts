import { hash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import { Objm } from '@nats-io/obj'
import { createItemIndex, INDEX_VERSION, type IndexState, type ItemIndex, type SavedItem } from '../../actors/recommending/item-index.ts'
import type { Item } from '../../schemas/catalogue-events.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'

/** The object store of JetStream that holds indexes. It can be lost: an index is made again from LOG. */
export const INDEX_BUCKET = 'RECOMMENDATIONS'
/** Items that are encoded in one turn of the event loop, so that tasks are answered meanwhile. */
const ITEMS_PER_TURN = 500
/** Bytes that are hashed and written in one turn. */
const CHUNK_BYTES = 128 * 1024

/** Names an index: of a tenant's visitors, who are actors of one kind, and items, which are actors of another. */
export interface IndexName {
  readonly tenant: string
  readonly visitors: string
  readonly items: string
}

/** A place in LOG, with the time by which it is recognised after LOG was truncated. */
export interface IndexPlace {
  readonly seq: number
  readonly ts: string
}

/** Indexes as objects, each with its LOG sequence. */
export interface SavedIndexes {
  /** The saved index and its place; `undefined` where there is none. */
  load(name: IndexName, catalogue: readonly Item[]): Promise<{ readonly index: ItemIndex; readonly place: IndexPlace } | undefined>
  /** Saves an index, unless a newer one is there. The index must not change until the promise resolves. */
  save(name: IndexName, catalogue: readonly Item[], index: ItemIndex, place: IndexPlace): Promise<void>
}

/** Hashes of catalogues: one may have 100,000 items, and an index is saved again and again. */
const hashes = new WeakMap<readonly Item[], string>()

/** The name of an object: what the index is made of, and how. */
function objectName({ tenant, visitors, items }: IndexName, catalogue: readonly Item[]): string {
  const known = hashes.get(catalogue) ?? hash('sha256', JSON.stringify(catalogue))
  hashes.set(catalogue, known)
  return hash('sha256', JSON.stringify([tenant, visitors, items, INDEX_VERSION, known])).slice(0, 32)
}

/** Opens the store, and creates it where it is missing. */
export async function openSavedIndexes({ js }: Pick<JetStreamContext, 'js'>, replicas: number): Promise<SavedIndexes> {
  const store = await new Objm(js).create(INDEX_BUCKET, { replicas, description: 'indexes of recommendations' })
  return {
    async load(name, catalogue) {
      const info = await store.info(objectName(name, catalogue))
      const bytes = info === null || info.deleted ? null : await store.getBlob(objectName(name, catalogue))
      return bytes === null ? undefined : decodeIndex(bytes)
    },
    async save(name, catalogue, index, place) {
      const object = objectName(name, catalogue)
      const newest = Number((await store.info(object))?.metadata?.['seq'] ?? 0)
      if (newest >= place.seq) return
      const { tenant, visitors, items } = name
      const metadata = { tenant, visitors, items, seq: String(place.seq) }
      await store.put({ name: object, metadata }, inTurns(encodeIndex(index, place)))
    },
  }
}

interface Head extends IndexState {
  readonly place: IndexPlace
}

/** Frames, each with its length before it: the head, then items. */
export function* encodeIndex(index: ItemIndex, place: IndexPlace): Generator<Uint8Array> {
  yield* framed({ ...index.state(), place } satisfies Head)
  for (let at = 0; at < index.items.length; at += ITEMS_PER_TURN) yield* framed(index.savedItems(at, ITEMS_PER_TURN))
}

function* framed(value: unknown): Generator<Uint8Array> {
  const frame = serialize(value)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(frame.length)
  yield length
  for (let at = 0; at < frame.length; at += CHUNK_BYTES) yield frame.subarray(at, at + CHUNK_BYTES)
}

/** A stream with a turn of the event loop for each chunk: the store hashes what it writes, and tasks are answered meanwhile. */
const inTurns = (chunks: Generator<Uint8Array>): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async pull(controller) {
      await turn()
      const next = chunks.next()
      if (next.done === true) controller.close()
      else controller.enqueue(next.value)
    },
  })

/** The index that `encodeIndex` wrote. Only Colloquy may write to this store. */
export async function decodeIndex(bytes: Uint8Array): Promise<{ readonly place: IndexPlace; readonly index: ItemIndex }> {
  const frames = framesOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  const { place, ...state } = frames.next().value as Head
  const index = createItemIndex(state)
  for (const items of frames as Iterable<SavedItem[]>) {
    index.restore(items)
    await turn()
  }
  return { place, index }
}

function* framesOf(buffer: Buffer): Generator<unknown, undefined> {
  for (let at = 0; at < buffer.length;) {
    const end = at + 4 + buffer.readUInt32LE(at)
    yield deserialize(buffer.subarray(at + 4, end))
    at = end
  }
  return undefined
}
