import { z } from 'zod'
import type { PromptSource } from '../../actors/definition/task-prompts.ts'
import { INTENTS_KIND } from '../../schemas/intent-events.ts'
import { SOURCE_KIND } from '../../schemas/knowledge-events.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { recordsOf, recordsOfKind } from '../jetstream/last-record.ts'
import { promptAddress } from '../prompts/prompts-reader.ts'
import { tenantAddress } from '../tenants/tenant-settings-reader.ts'

const seq = z.int().nonnegative()

/** What of a tenant an answer rests on: LOG sequences of the last records, 0 where there is none. Also a rejected input makes a record. */
export const basisSchema = z.object({
  /** Of all its knowledge. */
  knowledge: seq,
  /** Of the prompt, by its name. */
  prompt: seq,
  /** Of its settings, which fill the variables of prompts and choose models. */
  settings: seq,
  /** Of its sets of intents. */
  intents: seq,
  /** When LOG stored these records: a truncated stream gives the same sequence to another message. */
  storedAt: z.string(),
})
export type Basis = z.infer<typeof basisSchema>

/** Reads a basis as LOG has it now, from its leader: every change that was acknowledged before is seen, whatever became of its events. */
export type ReadBasis = (tenant: string, promptName: string) => Promise<Basis>

export function createReadBasis({ jsm }: Pick<JetStreamContext, 'jsm'>): ReadBasis {
  const last = async (subject: string) => (await jsm.streams.getMessage('LOG', { last_by_subj: subject })) ?? { seq: 0, timestamp: '' }
  return async (tenant, promptName) => {
    const [knowledge, prompt, settings, intents] = await Promise.all([
      last(recordsOfKind(SOURCE_KIND, tenant)),
      last(recordsOf(promptAddress({ tenant, name: promptName }))),
      last(recordsOf(tenantAddress(tenant))),
      last(recordsOfKind(INTENTS_KIND, tenant)),
    ])
    const storedAt = [knowledge, prompt, settings, intents].map(({ timestamp }) => timestamp).join()
    return { knowledge: knowledge.seq, prompt: prompt.seq, settings: settings.seq, intents: intents.seq, storedAt }
  }
}

export const isSameBasis = (one: Basis, other: Basis): boolean =>
  one.knowledge === other.knowledge
  && one.prompt === other.prompt
  && one.settings === other.settings
  && one.intents === other.intents
  && one.storedAt === other.storedAt

/** The newest change of a basis. */
export const newestIn = ({ knowledge, prompt, settings, intents }: Basis): number => Math.max(knowledge, prompt, settings, intents)

/** What a task has read of its tenant. */
export interface OwnReadings extends Omit<PromptSource, 'name'> {
  readonly knowledgeSeq: number
}

/** Whether a task has read what LOG has: caches of a process may be behind by the time that an event takes. */
export const hasRead = ({ knowledgeSeq, promptSeq, settingsSeq }: OwnReadings, { knowledge, prompt, settings }: Basis): boolean =>
  knowledgeSeq === knowledge && promptSeq === prompt && settingsSeq === settings
