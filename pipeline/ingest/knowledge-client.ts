import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { contextSchema, idsIn, type Context } from '../../actors/kinds/source/revision.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { SOURCE_KIND, sourceActorId } from '../../schemas/knowledge-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import { lastRecord, recordsOf } from '../jetstream/last-record.ts'
import type { Sender } from '../producer/input-sender.ts'
import { documentPartsOf, type Document } from './document-parts.ts'

/** What became of a document: `unchanged` where the same is known already, and nothing was sent. */
export interface Uploaded {
  readonly source: string
  readonly outcome: 'learned' | 'changed' | 'unchanged'
  readonly chunks: number
  /** Chunks that were not known before, and those that are not known any more. */
  readonly added: number
  readonly removed: number
}

/** Teaches and forgets sources of one tenant, as any producer could. */
export interface KnowledgeClient {
  /** Settles when INBOX has all of it. @throws ColloquyError as `teachingOf` and `Sender.send` do, and `no_knowledge` */
  upload(document: Document): Promise<Uploaded>
  /** @returns chunks that are let go. @throws ColloquyError `no_such_source`, `no_knowledge` */
  forget(source: string): Promise<number>
}

export interface KnowledgeClientOptions {
  /** A producer's. */
  readonly nc: NatsConnection
  readonly sender: Sender
  readonly tenant: string
}

/** Chunks of one source are sent one part after the other, and the inputs' ids say after which record: sending again is a repeat. */
export async function createKnowledgeClient({ nc, sender, tenant }: KnowledgeClientOptions): Promise<KnowledgeClient> {
  const jsm = await jetstreamManager(nc)
  return {
    async upload(document) {
      const { revision, chunkIds, parts } = documentPartsOf(document)
      const address = addressOf(tenant, document.source)
      const { n, known } = await standingOf(jsm, address)
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
      const { n, known } = await standingOf(jsm, address)
      const chunks = idsIn(known?.chunks).union(idsIn(known?.coming?.chunks)).size
      if (chunks === 0) throw new ColloquyError('no_such_source', `the tenant ${tenant} knows nothing from ${JSON.stringify(source)}; give it as it was given to "colloquy learn", with its --tenant`)
      await sender.send(address, { type: 'source.forgotten', id: `forgotten-after-${n}`, source: 'learn', data: {} })
      return chunks
    },
  }
}

const addressOf = (tenant: string, source: string): Address => ({ tenant, kind: SOURCE_KIND, id: sourceActorId(source) })

interface Standing {
  /** Its last record; 0 before the first. */
  readonly n: number
  readonly known: Context | undefined
}

async function standingOf(jsm: JetStreamManager, address: Address): Promise<Standing> {
  const record = (await lastRecord({ jsm }, recordsOf(address), 'anyReplica'))?.record
  if (record === undefined) return { n: 0, known: undefined }
  if (record.reason === 'unknown_kind') throw noKnowledge('no process here knows it')
  if (record.state === null) return { n: record.n, known: undefined }
  const known = contextSchema.safeParse(record.state.context)
  if (!known.success) throw noKnowledge('it is another one, of a colloquy.config.ts')
  return { n: record.n, known: known.data }
}

const noKnowledge = (why: string): ColloquyError =>
  new ColloquyError('no_knowledge', `knowledge goes through the kind "${SOURCE_KIND}", and ${why}; upgrade the processes that run, or give the kind of the config another name`)
