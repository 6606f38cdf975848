import { hash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import { Objm } from '@nats-io/obj'
import { createItemIndex, INDEX_VERSION, type IndexedItem, type IndexState, type ItemIndex } from '../../actors/recommending/item-index.ts'
import type { Item } from '../../schemas/catalogue-events.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'

/** The object store of JetStream that holds indexes. It can be lost: an index is made again from LOG. */
export const INDEX_BUCKET = 'RECOMMENDATIONS'
/** Items that are encoded in one turn of the event loop, so that tasks are answered meanwhile. */
const ITEMS_PER_TURN = 500

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

/** The name of an object: what the index is made of, and how. */
const objectName = ({ tenant, visitors, items }: IndexName, catalogue: readonly Item[]): string =>
  hash('sha256', JSON.stringify([tenant, visitors, items, INDEX_VERSION, catalogue])).slice(0, 32)

/** Opens the store, and creates it where it is missing. */
export async function openSavedIndexes({ js }: Pick<JetStreamContext, 'js'>, replicas: number): Promise<SavedIndexes> {
  const store = await new Objm(js).create(INDEX_BUCKET, { replicas, description: 'indexes of recommendations' })
  return {
    async load(name, catalogue) {
      const info = await store.info(objectName(name, catalogue))
      const bytes = info === null || info.deleted ? null : await store.getBlob(objectName(name, catalogue))
      if (bytes === null) return undefined
      const { place, state } = decodeIndex(bytes)
      return { index: createItemIndex(state), place }
    },
    async save(name, catalogue, index, place) {
      const object = objectName(name, catalogue)
      const newest = Number((await store.info(object))?.metadata?.['seq'] ?? 0)
      if (newest >= place.seq) return
      const { tenant, visitors, items } = name
      await store.putBlob({ name: object, metadata: { tenant, visitors, items, seq: String(place.seq) } }, await encodeIndex(index, place))
    },
  }
}

interface Head extends Omit<IndexState, 'items'> {
  readonly place: IndexPlace
}

/** Frames, each with its length before it: the head, then items. */
export async function encodeIndex(index: ItemIndex, place: IndexPlace): Promise<Uint8Array> {
  const { items, ...state } = index.state()
  const frames = [serialize({ ...state, place } satisfies Head)]
  for (let at = 0; at < items.length; at += ITEMS_PER_TURN) {
    frames.push(serialize(items.slice(at, at + ITEMS_PER_TURN).map(trimmed)))
    await turn()
  }
  return Buffer.concat(frames.flatMap((frame) => [lengthOf(frame), frame]))
}

/** The index that `encodeIndex` wrote. Only objects of this store are read: Colloquy alone may write there. */
export function decodeIndex(bytes: Uint8Array): { readonly place: IndexPlace; readonly state: IndexState } {
  const frames: unknown[] = []
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < buffer.length;) {
    const end = at + 4 + buffer.readUInt32LE(at)
    frames.push(deserialize(buffer.subarray(at + 4, end)))
    at = end
  }
  const [head, ...parts] = frames as [Head, ...IndexedItem[][]]
  const { place, ...state } = head
  return { place, state: { ...state, items: parts.flat() } }
}

/** Without the room that a row has for more. */
const trimmed = ({ row, ...item }: IndexedItem): IndexedItem => ({
  ...item,
  row: { ...row, ids: row.ids.slice(0, row.count), weights: row.weights.slice(0, row.count) },
})

function lengthOf(frame: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(frame.length)
  return length
}
