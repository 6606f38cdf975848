/** Where something that can be found again comes from: what was said, or what was learned. */
export type MemoryArea = 'messages' | 'knowledge'

/** A piece of text that is to be found again, and all that it is found and filtered by. */
export interface MemoryPoint {
  /** A UUID that derives from the event that the text came in: the same piece again is the same point. */
  readonly id: string
  readonly tenant: string
  readonly in: MemoryArea
  readonly kind: string
  readonly actor: string
  /** What a hit names: the message's id, or the source that was learned. */
  readonly source: string
  /** 0, 1, 2… of one text. */
  readonly chunk: number
  /** `null` where nothing tells. */
  readonly lang: string | null
  /** When it was said or learned, ISO. */
  readonly at: string
  /** LOG sequence of the record. */
  readonly seq: number
  readonly text: string
  /** Of length 1, by the model whose fingerprint names the collection. */
  readonly vector: Float32Array
}

/** The writing half of a store: one collection, which is of one model. Whatever has settled is stored for good. */
export interface MemoryWriter {
  /** A point whose id is there already is overwritten. */
  upsert(points: readonly MemoryPoint[]): Promise<void>
  /** Those of the ids that are there. */
  existing(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Removes whatever came from records above a LOG sequence: LOG lost them. */
  removeAbove(seq: number): Promise<void>
}
