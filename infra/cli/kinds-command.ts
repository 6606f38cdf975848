import { Command } from 'commander'
import type { DescribedState } from '../../actors/definition/describe-machine.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { tokenArgument } from './arguments.ts'

interface Options extends JsonOption {
  readonly mermaid?: boolean
  readonly retire?: string
  readonly force?: boolean
  readonly accept?: string
}

export const kindsCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .option('--mermaid', 'draw each statechart as a Mermaid state diagram')
    .option('--retire <name>', 'retire this kind: its inputs are rejected as unknown_kind from now on', tokenArgument)
    .option('--force', 'retire it although some of its actors wait for tasks or timers')
    .option('--accept <name>', 'let the next start register this kind although its definition changed without a new version', tokenArgument)
    .option(JSON_FLAG, 'one JSON object, keyed by kind')
    .action(async (options: Options) => {
      const [{ versionsOf, registeredKinds }, { acceptNextDefinition, retireUnlessPending }, { withStoppedSystem }] = await Promise.all([
        import('../app/kind-registry.ts'),
        import('../app/retire-kind.ts'),
        import('../app/with-stopped-system.ts'),
      ])
      const { mermaid } = await import('../../actors/definition/mermaid.ts')
      await withStoppedSystem(settings().settings, async (kv, jetstream) => {
        if (options.retire !== undefined) await retireUnlessPending(jetstream, kv, options.retire, options.force === true)
        if (options.accept !== undefined) await acceptNextDefinition(kv, options.accept)
        const kinds = await Promise.all(
          [...(await registeredKinds(kv))].sort().map(async ([name, version]) => {
            const versions = await versionsOf(kv, name)
            return { name, version, versions, newest: versions.find((one) => one.version === version) }
          }),
        )
        if (options.mermaid === true) {
          const drawn = kinds.flatMap(({ name, newest }) =>
            newest === undefined ? [] : [[name, mermaid(name, newest.definition.machine)] as const],
          )
          if (options.json) out.json(Object.fromEntries(drawn))
          else for (const [name, picture] of drawn) out.line(`%% ${name}\n${picture}`)
          return
        }
        const line = out.isTerminal ? '\n' : ', '
        const rows = kinds.map(({ name, version, versions, newest }) => ({
          name,
          version,
          versions: versions.map((one) => one.version),
          hash: newest?.hash ?? null,
          registeredAt: newest?.at ?? null,
          states: newest === undefined ? null : countStates(newest.definition.machine),
          events: Object.keys(newest?.definition.events ?? {}),
          emits: Object.keys(newest?.definition.emits ?? {}),
          tasks: newest?.limits ?? {},
        }))
        if (options.json) out.json(Object.fromEntries(rows.map(({ name, ...row }) => [name, row])))
        else
          out.table(
            ['kind', 'version', 'states', 'takes', 'emits', 'tasks', 'definition'],
            rows.map((row) => [
              row.name,
              [...new Set([...row.versions, row.version])].join(', '),
              String(row.states ?? ''),
              row.events.join(line),
              row.emits.join(line),
              Object.entries(row.tasks)
                .map(
                  ([task, { deadlineMs, attemptsMax, concurrencyMax }]) =>
                    `${task}: ${deadlineMs / 1000} s, ${attemptsMax} attempts, ${concurrencyMax} at a time`,
                )
                .join(line),
              row.hash ?? 'not registered',
            ]),
          )
      })
    })

/** Counts the states at all depths, without the root. */
const countStates = ({ states = {} }: DescribedState): number =>
  Object.values(states).reduce((sum, state) => sum + 1 + countStates(state), 0)
