import pLimit from 'p-limit'
import { PROMPT_KIND } from '../../schemas/prompt-events.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { recordsOfKind } from '../jetstream/last-record.ts'
import { readPrompt, type TaughtPrompt } from './prompts-reader.ts'

const REQUESTS_MAX = 16

/** All prompts of a tenant, by name. @throws ColloquyError `no_prompts` as `readPrompt` */
export async function readPrompts(
  { jsm }: Pick<JetStreamContext, 'jsm'>,
  tenant: string,
): Promise<(TaughtPrompt & { readonly name: string })[]> {
  const { state } = await jsm.streams.info('LOG', { subjects_filter: recordsOfKind(PROMPT_KIND, tenant) })
  const names = Object.keys(state.subjects ?? {}).map((subject) => subject.split('.').at(-1) ?? '')
  const limit = pLimit(REQUESTS_MAX)
  const read = async (name: string): Promise<TaughtPrompt & { readonly name: string }> => ({
    name,
    ...(await readPrompt({ jsm }, { tenant, name })),
  })
  const all = await Promise.all([...new Set(names)].sort().map((name) => limit(read, name)))
  // An actor of which every input was rejected has set nothing.
  return all.filter(({ version }) => version > 0)
}
