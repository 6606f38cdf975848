import { z } from 'zod'
import type { TagFilter, Tags } from '../../schemas/tags.ts'
import type { TermCutter } from './term-cutter.ts'

/** The two areas of the search index: messages of conversations, and learned documents. */
export const SEARCH_AREAS = ['messages', 'knowledge'] as const
export type SearchArea = (typeof SEARCH_AREAS)[number]

/** A chunk of text in the search index, with its vector and its filterable properties. */
export interface IndexPoint {
  /** A UUID derived from the event that carried the text: indexing the same chunk again gives the same id. */
  readonly id: string
  readonly tenant: string
  readonly in: SearchArea
  readonly kind: string
  readonly actor: string
  /** Id of the message, or name of the learned document. */
  readonly source: string
  /** Index of the chunk in its text, from 0. */
  readonly chunk: number
  /** Language tag; `null` if unknown. */
  readonly lang: string | null
  /** Time of the message or of the upload, ISO. */
  readonly at: string
  /** LOG sequence of the record that carried the text. */
  readonly seq: number
  readonly text: string
  /** A vector of length 1 from the model of the collection. */
  readonly vector: Float32Array
}

/** A point as the store has it, without its vector. */
export type StoredPoint = Omit<IndexPoint, 'vector'>

/** What a store keeps with a point and gives back with a hit; the tenant and the id are kept apart. */
export const storedTextSchema = z.object({
  in: z.enum(SEARCH_AREAS),
  kind: z.string(),
  actor: z.string(),
  source: z.string(),
  chunk: z.number(),
  lang: z.string().nullable(),
  at: z.string(),
  seq: z.number(),
  text: z.string(),
})

/** Points to read: those of records in a range of LOG sequences, both inclusive. */
export interface ScanRange {
  readonly from: number
  readonly to: number
  /** Default: all tenants. */
  readonly tenant?: string | undefined
}

/** Read access to all points of one collection, for the check of the index against LOG. */
export interface IndexReader {
  /**
   * Identity of the collection; `undefined` if there is none. A collection that is created later under the same name has another one. The
   * indexer keys its checkpoints by it.
   */
  identity(): Promise<string | undefined>
  /** Yields the points of a range in pages, in no order. A point that the store holds twice comes twice. Nothing without a collection. */
  scan(range: ScanRange): AsyncGenerator<readonly StoredPoint[]>
  /** Returns the given ids that are stored. */
  existing(ids: readonly string[]): Promise<ReadonlySet<string>>
  /**
   * Returns the tags that searches find sources by, as `tagLabels` makes them, by actor. Sources without tags may be absent. A store that
   * keeps them with each point returns those of each point that differs.
   */
  tagsOf(tenant: string, actors: readonly string[]): Promise<ReadonlyMap<string, readonly (readonly string[])[]>>
}

/** The tags of a source from a record on. */
export interface SourceTags {
  readonly tenant: string
  readonly actor: string
  /** LOG sequence of the record that changed them. */
  readonly seq: number
  readonly tags: Tags
}

/** Read access to the vectors of one collection. */
export interface VectorReader {
  /** Returns the vectors of the points of a tenant by their ids; ids that are not stored are absent. */
  vectorsOf(tenant: string, ids: readonly string[]): Promise<ReadonlyMap<string, Float32Array>>
}

/**
 * Write access to one collection, which belongs to one model and one cutter. Changes are durable once the promise settles. Each request
 * that a method sends is bounded by points and bytes, whatever it is given.
 *
 * Methods throw ColloquyError `index_filling` if the collection does not exist. Any other error but those named is that of a store that is
 * away or overloaded, and the call may be repeated.
 */
export interface IndexWriter {
  /** Creates the collection if it is missing, empty. @returns its identity, as `IndexReader.identity`. */
  prepare(): Promise<string>
  /** Adds points; overwrites those with the same id. @throws ColloquyError `index_refused` if the store refuses what is in the points. */
  upsert(points: readonly IndexPoint[]): Promise<void>
  /** Returns the given ids that are stored. */
  existing(ids: readonly string[]): Promise<ReadonlySet<string>>
  /** Removes points; unknown ids are ignored. */
  remove(ids: readonly string[]): Promise<void>
  /**
   * Sets the tags of sources, for the points that they have by then. Nothing is embedded. Of two calls for one source, that with the higher
   * sequence may win; of equal ones, the later wins.
   */
  setTags(sources: readonly SourceTags[]): Promise<void>
  /**
   * Removes all points of records above a LOG sequence, after LOG was truncated to it. Sources whose tags such a record set have none until
   * earlier records are applied again.
   */
  rollbackTo(seq: number): Promise<void>
}

/** Selects points of a tenant; an unset field matches all. */
export interface IndexFilter {
  readonly in?: SearchArea | undefined
  readonly kind?: string | undefined
  readonly actor?: string | undefined
  readonly source?: string | undefined
  readonly lang?: string | undefined
  /** ISO, inclusive. */
  readonly since?: string | undefined
  /** ISO, exclusive. */
  readonly until?: string | undefined
  /** Only knowledge of sources with these tags. Default, and with no group: any point. */
  readonly tags?: TagFilter | undefined
}

/** A query to a store: by a vector, by terms, or by both. */
export interface StoreQuery {
  readonly tenant: string
  readonly filter: IndexFilter
  /** Finds the nearest points. May be a promise, so that the keyword search can run meanwhile. */
  readonly vector?: Float32Array | Promise<Float32Array> | undefined
  /** Finds the points with the highest BM25 scores. */
  readonly terms?: readonly string[] | undefined
  /** Max candidates by vector and by terms, each; the result may have twice as many. */
  readonly limit: number
}

/** A found point with both scores, even if only one search found it. */
export interface StoreHit extends Omit<IndexPoint, 'vector'> {
  /** Cosine, -1 to 1; `null` if the query had no vector. */
  readonly similarity: number | null
  /** BM25 divided by the highest score possible for these terms, 0 to 1; `null` if the query had no terms. */
  readonly keyword: number | null
  /** BM25 itself, from 0; comparable within one query only; `null` if the query had no terms. */
  readonly bm25: number | null
}

/**
 * One collection of points with the vectors of one model and the terms of one cutter. Every query names a tenant and returns only points of
 * that tenant.
 */
export interface VectorStore extends IndexWriter, IndexReader, VectorReader {
  readonly dimension: number
  /** Cuts the texts of the collection, and must cut the questions to it. */
  readonly cutter: TermCutter
  /** Returns candidates in no particular order. */
  search(query: StoreQuery): Promise<StoreHit[]>
  count(tenant: string, filter: IndexFilter): Promise<number>
  /**
   * Identifies all that searches read: while it stays the same, so do their answers. `undefined` if it cannot be told now. Absent in a
   * store that cannot tell it for less than a search costs. Never throws.
   */
  contentVersion?(): Promise<string | undefined>
  deleteBy(tenant: string, filter: IndexFilter): Promise<void>
}
