import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { type Context, contextSchema, idsIn } from '../../actors/kinds/source/revision.ts'
import { actorIdOf } from '../../schemas/actor-id.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import { lastRecord, recordsOf } from '../jetstream/last-record.ts'
import type { Sender } from '../producer/input-sender.ts'
import { type Document, documentPartsOf } from './document-parts.ts'

/** The result of an upload. `unchanged` means that the same document was uploaded before, and nothing was sent. */
export interface Uploaded {
  readonly source: string
  readonly outcome: 'learned' | 'changed' | 'unchanged'
  readonly chunks: number
  /** Chunks that the search index gains, and those that it loses. */
  readonly added: number
  readonly removed: number
}

/** Uploads and removes the documents of one tenant by inputs to their actors. */
export interface KnowledgeClient {
  /**
   * Uploads a document. Settles when INBOX has stored all of its parts; uploading it again sends only what is missing.
   *
   * @throws ColloquyError as `documentPartsOf` and `Sender.send`; `no_knowledge` if the running processes lack the built-in kind `source`.
   */
  upload(document: Document): Promise<Uploaded>
  /** Removes a document. @returns the number of its chunks. @throws ColloquyError `no_such_source`, `no_knowledge`. */
  forget(source: string): Promise<number>
}

export interface KnowledgeClientOptions {
  /** A connection with the rights of Colloquy's own processes: the client reads the log. */
  readonly nc: NatsConnection
  readonly sender: Sender
  readonly tenant: string
}

/** Creates a client. It sends parts in order, with ids that name the last record before them, so that a repeated part is a duplicate. */
export async function createKnowledgeClient({ nc, sender, tenant }: KnowledgeClientOptions): Promise<KnowledgeClient> {
  const jsm = await jetstreamManager(nc)
  return {
    async upload(document) {
      const { revision, chunkIds, parts } = documentPartsOf(document)
      const address = addressOf(tenant, document.source)
      const { n, known } = await presentSourceOf(jsm, address)
      const before = idsIn(known?.chunks)
      const counts = { added: chunkIds.difference(before).size, removed: before.difference(chunkIds).size }
      const isKnown = before.size > 0
      if (isKnown && known?.revision === revision && known.coming === null) {
        return { source: document.source, outcome: 'unchanged', chunks: chunkIds.size, added: 0, removed: 0 }
      }
      for (const data of parts) {
        await sender.send(address, { type: 'source.taught', id: `${revision}-${data.part}-after-${n}`, source: 'learn', data: { ...data } })
      }
      return { source: document.source, outcome: isKnown ? 'changed' : 'learned', chunks: chunkIds.size, ...counts }
    },
    async forget(source) {
      const address = addressOf(tenant, source)
      const { n, known } = await presentSourceOf(jsm, address)
      const chunks = idsIn(known?.chunks).union(idsIn(known?.coming?.chunks)).size
      if (chunks === 0) {
        throw new ColloquyError(
          'no_such_source',
          `the tenant ${tenant} has no document ${JSON.stringify(source)}; `
            + 'name it as it was given to "colloquy learn", with its --tenant',
        )
      }
      await sender.send(address, { type: 'source.forgotten', id: `forgotten-after-${n}`, source: 'learn', data: {} })
      return chunks
    },
  }
}

const addressOf = (tenant: string, source: string): Address => ({ tenant, kind: SOURCE_KIND, id: actorIdOf(source) })

interface PresentSource {
  /** Number of the actor's last record; 0 before the first. */
  readonly n: number
  readonly known: Context | undefined
}

async function presentSourceOf(jsm: JetStreamManager, address: Address): Promise<PresentSource> {
  const record = (await lastRecord({ jsm }, recordsOf(address), 'anyReplica'))?.record
  if (record === undefined) return { n: 0, known: undefined }
  if (record.reason === 'unknown_kind') throw noKnowledge('the running processes do not know it')
  if (record.state === null) return { n: record.n, known: undefined }
  const known = contextSchema.safeParse(record.state.context)
  if (!known.success) throw noKnowledge('a colloquy.config.ts defines another kind of this name')
  return { n: record.n, known: known.data }
}

const noKnowledge = (why: string): ColloquyError =>
  new ColloquyError(
    'no_knowledge',
    `documents are stored by the built-in kind "${SOURCE_KIND}", and ${why}; `
      + 'upgrade the running processes, or rename the kind in the config',
  )
