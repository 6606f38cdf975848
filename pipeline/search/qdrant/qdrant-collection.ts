import type { QdrantClient } from '@qdrant/js-client-rest'
import { ColloquyError } from '../../../schemas/errors.ts'

export const QUANTISATIONS = ['none', 'scalar', 'binary'] as const
export type Quantisation = (typeof QUANTISATIONS)[number]

export const DENSE = 'dense'
export const WORDS = 'words'

type FieldSchema = NonNullable<Parameters<QdrantClient['createPayloadIndex']>[1]['field_schema']>

const INDEXES: Readonly<Record<string, FieldSchema>> = {
  tenant: { type: 'keyword', is_tenant: true },
  in: 'keyword', kind: 'keyword', actor: 'keyword', source: 'keyword', lang: 'keyword',
  at: 'datetime', seq: 'integer',
  // How many texts have a term.
  terms: { type: 'integer', lookup: true, range: false },
}

/** Links of the graph, which each tenant has of its own: none goes over all of them. */
const LINKS = 16

const QUANTISED = {
  none: undefined,
  scalar: { scalar: { type: 'int8', always_ram: true } },
  binary: { binary: { always_ram: true } },
} as const

export interface CollectionOptions {
  readonly dimension: number
  readonly quantisation: Quantisation
  /** Of a new one; told from others of the same name by it. */
  readonly newId: () => string
}

/** Makes the collection where it is not there. @returns its own id. @throws ColloquyError `other_dimension` */
export async function prepareCollection(client: QdrantClient, name: string, { dimension, quantisation, newId }: CollectionOptions): Promise<string> {
  const { exists } = await client.collectionExists(name)
  if (!exists) {
    await client.createCollection(name, {
      vectors: { [DENSE]: { size: dimension, distance: 'Cosine' } },
      sparse_vectors: { [WORDS]: { modifier: 'idf' } },
      hnsw_config: { m: 0, payload_m: LINKS },
      quantization_config: QUANTISED[quantisation],
      metadata: { colloquy: newId() },
    })
  }
  const { config } = await client.getCollection(name)
  const vectors = config.params.vectors
  const dense = vectors !== undefined && DENSE in vectors ? vectors[DENSE] : undefined
  const size = typeof dense === 'object' ? dense.size : undefined
  if (size !== dimension) {
    throw new ColloquyError('other_dimension', `the collection ${name} in Qdrant has vectors of ${String(size)} dimensions, and the model makes vectors of ${dimension}; `
      + 'delete the collection, and it is filled anew from LOG at the next start')
  }
  // Again at each start: whoever made the collection may have been stopped before the last one.
  for (const [field_name, field_schema] of Object.entries(INDEXES)) await client.createPayloadIndex(name, { field_name, field_schema, wait: true })
  const id = config.metadata?.['colloquy']
  return typeof id === 'string' ? id : name
}
