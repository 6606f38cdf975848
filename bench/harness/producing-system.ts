import { pino } from 'pino'
import { ROLES, type SettingName } from '../../infra/settings.ts'
import { type BenchPublisher, createBenchPublisher } from './bench-publisher.ts'
import { type BenchSystem, startSystem } from './bench-system.ts'

/** A system of one process, and what publishes inputs of one tenant to it. */
export interface ProducingSystem {
  readonly system: BenchSystem
  readonly publisher: BenchPublisher
  /** Sends an input within this turn of the event loop. Without an id the position is its id. */
  input(kind: string, id: string, type: string, data: object, inputId?: string): void
}

/** Starts all roles but the search index. @param started gets what must be stopped */
export async function startProducing(
  tenant: string,
  started: AsyncDisposableStack,
  settings: Partial<Record<SettingName, string>> = {},
): Promise<ProducingSystem> {
  const roles = ROLES.filter((role) => role !== 'embed')
  const system = await startSystem({ environment: process.env, settings, workers: 1, roles, log: pino({ level: 'warn' }) })
  started.defer(() => system.stop())
  const publisher = createBenchPublisher(system.producerConnection)
  started.defer(() => {
    publisher.close()
  })
  return {
    system,
    publisher,
    input(kind, id, type, data, inputId) {
      const message = { type, data, ...(inputId !== undefined && { id: inputId }) }
      publisher.publish(`in.${tenant}.${kind}.${id}`, JSON.stringify(message), () => undefined)
    },
  }
}
