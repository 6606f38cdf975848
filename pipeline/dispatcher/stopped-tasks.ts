import { taskMessageSchema } from '../../schemas/internal-messages.ts'
import { parseJson } from '../../schemas/json.ts'
import type { JetStreamContext } from '../jetstream/connection.ts'
import { removeStoppedTask } from '../jetstream/removal.ts'

/**
 * Removes a run from TASKS whose machine no longer needs it. One that has been given to a runner goes, too: the runner is told by another
 * message, and has nothing to acknowledge any more.
 *
 * @param subject of the actor's runs of the task; another run may be on it
 */
export async function removeStopped({ jsm }: Pick<JetStreamContext, 'jsm'>, subject: string, run: string): Promise<void> {
  const message = await jsm.direct.getMessage('TASKS', { last_by_subj: subject })
  if (message === null || taskMessageSchema.safeParse(parseJson(message.string())).data?.run !== run) return
  await removeStoppedTask({ streams: jsm.streams }, message.seq)
}
