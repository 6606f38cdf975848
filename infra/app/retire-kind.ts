import type { KV } from '@nats-io/kv'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { acceptChange, registeredKinds, retireKind } from './kind-registry.ts'
import { pendingActors, pendingText } from './pending-actors.ts'

/**
 * Retires a kind that no actor needs any more.
 *
 * @param force retires it although some of its actors wait for tasks or timers.
 * @throws ColloquyError `no_such_kind`, `kind_in_use`
 */
export async function retireUnlessPending(jetstream: JetStreamContext, kv: KV, name: string, force: boolean): Promise<void> {
  await versionInUse(kv, name)
  const pending = await pendingActors(jetstream, name)
  if (pending.count > 0 && !force) {
    throw new ColloquyError(
      'kind_in_use',
      `kind "${name}" is in use${pendingText(pending)}: `
        + 'results and timers would have no actor to go to. Let them end first, or use --force',
    )
  }
  await retireKind(kv, name)
}

/** Lets the next start register the kind although its definition changed. @throws ColloquyError `no_such_kind` */
export const acceptNextDefinition = async (kv: KV, name: string): Promise<void> => acceptChange(kv, name, await versionInUse(kv, name))

async function versionInUse(kv: KV, name: string): Promise<number> {
  const version = (await registeredKinds(kv)).get(name)
  if (version === undefined) throw new ColloquyError('no_such_kind', `no kind "${name}" is in use; "colloquy kinds" lists them`)
  return version
}
