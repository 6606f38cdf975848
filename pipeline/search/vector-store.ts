/** Where something that can be found again comes from: what was said, or what was learned. */
export const SEARCH_AREAS = ['messages', 'knowledge'] as const
export type SearchArea = (typeof SEARCH_AREAS)[number]

/** A piece of text that is to be found again, and all that it is found and filtered by. */
export interface IndexPoint {
  /** A UUID that derives from the event that the text came in: the same piece again is the same point. */
  readonly id: string
  readonly tenant: string
  readonly in: SearchArea
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
export interface IndexWriter {
  /** A point whose id is there already is overwritten. */
  upsert(points: readonly IndexPoint[]): Promise<void>
  /** Those of the ids that are there. */
  existing(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Those of the ids that are there are no more. */
  remove(ids: readonly string[]): Promise<void>
  /** Removes whatever came from records above a LOG sequence: LOG lost them. */
  removeAbove(seq: number): Promise<void>
}

/** Which of a tenant's points count; what is left out does not matter. */
export interface IndexFilter {
  readonly in?: SearchArea | undefined
  readonly kind?: string | undefined
  readonly actor?: string | undefined
  readonly source?: string | undefined
  readonly lang?: string | undefined
  /** ISO; from this moment on. */
  readonly since?: string | undefined
  /** ISO; before this moment. */
  readonly until?: string | undefined
}

/** A question to a store: by a vector, by terms, or by both. */
export interface StoreQuestion {
  readonly tenant: string
  readonly filter: IndexFilter
  /** Those nearest to it are candidates. May still be on its way: the words are looked for meanwhile. */
  readonly vector?: Float32Array | Promise<Float32Array> | undefined
  /** Those with the highest BM25 score for them are candidates. */
  readonly terms?: readonly string[] | undefined
  /** Candidates by either; both together may be twice as many. */
  readonly limit: number
}

/** A point that was found, with what it scored by whatever was asked by, also where only the other way found it. */
export interface StoreHit extends Omit<IndexPoint, 'vector'> {
  /** Cosine, from -1 to 1; `null` where no vector was asked by. */
  readonly similarity: number | null
  /** BM25 over the most that a text could reach for these terms, from 0 to 1; `null` where no terms were asked by. */
  readonly keyword: number | null
}

/**
 * One collection of points with vectors of one model. There is no way to ask without a tenant, and no answer has another's points.
 */
export interface VectorStore extends IndexWriter {
  /** Of this very collection: another one of the same name, made later, has another. Checkpoints of who fills it are kept by it. */
  readonly id: string
  readonly dimension: number
  /** In no particular order. */
  search(question: StoreQuestion): Promise<StoreHit[]>
  count(tenant: string, filter: IndexFilter): Promise<number>
  deleteBy(tenant: string, filter: IndexFilter): Promise<void>
}
