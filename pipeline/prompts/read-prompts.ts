import pLimit from 'p-limit'
import { PROMPT_KIND } from '../../schemas/prompt-events.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { actorsOfKind } from '../jetstream/last-record.ts'
import { readPrompt, type TaughtPrompt } from './prompts-reader.ts'

const REQUESTS_MAX = 16

/** All prompts of a tenant, by name. @throws ColloquyError `no_prompts` as `readPrompt` */
export async function readPrompts(
  { jsm }: Pick<JetStreamContext, 'jsm'>,
  tenant: string,
): Promise<(TaughtPrompt & { readonly name: string })[]> {
  const limit = pLimit(REQUESTS_MAX)
  const read = async (name: string): Promise<TaughtPrompt & { readonly name: string }> => ({
    name,
    ...(await readPrompt({ jsm }, { tenant, name })),
  })
  const actors = await actorsOfKind({ jsm }, PROMPT_KIND, tenant)
  const all = await Promise.all(actors.map(({ id }) => limit(read, id)))
  // An actor of which every input was rejected has set nothing.
  return all.filter(({ version }) => version > 0)
}
