import type { QdrantClient } from '@qdrant/js-client-rest'
import { ColloquyError } from '../../../schemas/errors.ts'

export const QUANTISATIONS = ['none', 'scalar', 'binary'] as const
export type Quantisation = (typeof QUANTISATIONS)[number]

export const DENSE = 'dense'
export const WORDS = 'words'

type FieldSchema = NonNullable<Parameters<QdrantClient['createPayloadIndex']>[1]['field_schema']>

const INDEXES: Readonly<Record<string, FieldSchema>> = {
  tenant: { type: 'keyword', is_tenant: true },
  in: 'keyword',
  kind: 'keyword',
  actor: 'keyword',
  source: 'keyword',
  lang: 'keyword',
  at: 'datetime',
  seq: 'integer',
  // Of the source of a point, and the record that set them.
  tags: 'keyword',
  tagsSeq: 'integer',
  // Counts the texts that contain a term.
  terms: { type: 'integer', lookup: true, range: false },
}

/** Links per point of the HNSW graph. Each tenant has its own graph; there is no graph over all points. */
const LINKS = 16

const QUANTISATION_CONFIG = {
  none: undefined,
  scalar: { scalar: { type: 'int8', always_ram: true } },
  binary: { binary: { always_ram: true } },
} as const

export interface CollectionOptions {
  readonly dimension: number
  readonly quantisation: Quantisation
  /** Id for a new collection; distinguishes it from an earlier one of the same name. */
  readonly newId: () => string
}

/**
 * Creates the collection and its payload indexes if they are missing.
 *
 * @returns the id of the collection.
 * @throws ColloquyError `other_dimension` if the collection has vectors of another dimension.
 */
export async function ensureQdrantCollection(
  client: QdrantClient,
  name: string,
  { dimension, quantisation, newId }: CollectionOptions,
): Promise<string> {
  const { exists } = await client.collectionExists(name)
  if (!exists) {
    await client.createCollection(name, {
      vectors: { [DENSE]: { size: dimension, distance: 'Cosine' } },
      sparse_vectors: { [WORDS]: { modifier: 'idf' } },
      hnsw_config: { m: 0, payload_m: LINKS },
      quantization_config: QUANTISATION_CONFIG[quantisation],
      metadata: { colloquy: newId() },
    })
  }
  const { config } = await client.getCollection(name)
  const vectors = config.params.vectors
  const dense = vectors !== undefined && DENSE in vectors ? vectors[DENSE] : undefined
  const size = typeof dense === 'object' ? dense.size : undefined
  if (size !== dimension) {
    throw new ColloquyError(
      'other_dimension',
      `the collection ${name} in Qdrant has vectors of ${String(size)} dimensions, `
        + `and the vectors of the model have ${dimension}; delete the collection: the next start fills it from LOG again`,
    )
  }
  // At every start, because the process that created the collection may have stopped before its last index.
  for (const [field_name, field_schema] of Object.entries(INDEXES)) {
    await client.createPayloadIndex(name, { field_name, field_schema, wait: true })
  }
  return identityIn(config.metadata) ?? name
}

/** The identity of a collection; `undefined` if there is none. */
export async function qdrantIdentity(client: QdrantClient, name: string): Promise<string | undefined> {
  const { exists } = await client.collectionExists(name)
  return exists ? (identityIn((await client.getCollection(name)).config.metadata) ?? name) : undefined
}

const identityIn = (metadata: Readonly<Record<string, unknown>> | null | undefined): string | undefined => {
  const id = metadata?.['colloquy']
  return typeof id === 'string' ? id : undefined
}
