import { Command } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import { withBus } from '../launch/attach.ts'
import { tokenArgument } from './arguments.ts'
import { JSON_FLAG, type Cli, type JsonOption } from './cli.ts'

interface Options extends JsonOption {
  readonly retire?: string
}

export const kindsCommand = ({ out, settings }: Cli): Command =>
  new Command('kinds')
    .description('list the kinds that are in use, or take one out of use')
    .option('--retire <name>', 'take this kind out of use: its inputs are rejected as unknown_kind from then on', tokenArgument)
    .option(JSON_FLAG, 'one JSON object: version by name')
    .action(async (options: Options) => {
      const { registeredKinds, retireKind } = await import('../launch/kinds.ts')
      const { openBucket } = await import('../launch/streams.ts')
      await withBus(settings().settings, async (bus) => {
        const kv = await openBucket(bus.nc)
        if (options.retire !== undefined) {
          if (!(await registeredKinds(kv)).has(options.retire)) {
            throw new ColloquyError('no_such_kind', `no kind "${options.retire}" is in use; "colloquy kinds" lists them`)
          }
          await retireKind(kv, options.retire)
        }
        const kinds = await registeredKinds(kv)
        if (options.json) out.json(Object.fromEntries(kinds))
        else out.table(['kind', 'version'], [...kinds].map(([name, version]) => [name, String(version)]))
      })
    })
