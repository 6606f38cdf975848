import { Command } from 'commander'
import { readTaughtSet } from '../../../pipeline/understanding/taught/taught-set.ts'
import { counted } from '../../../schemas/counted.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { withJetStream } from '../../app/connect-to-running.ts'
import { printable } from '../../app/terminal-output.ts'
import { type SetOptions, withSet } from './set-option.ts'

export const listCommand = ({ out, settings }: CommandContext): Command =>
  withSet(new Command('ls'), 'one JSON object: {tenant, set, version, intents: [{name, examples, description?, route?}]}')
    .description('list the intents of a set, with their examples counted')
    .action(async (options: SetOptions) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const { tenant, set, version, intents } = await readTaughtSet(jetstream, options)
        if (options.json) return out.json({ tenant, set, version, intents })
        const examples = intents.reduce((sum, one) => sum + one.examples, 0)
        out.line(`set "${set}" of ${tenant}, version ${version}: ${counted(intents.length, 'intent')}, ${counted(examples, 'example')}`)
        for (const { name, examples: count, description, route } of intents) {
          const facts = [route === undefined ? '' : `→ ${route}`, printable(description ?? '')].filter((fact) => fact !== '')
          out.line(`${String(count).padStart(6)}  ${printable(name)}${facts.length === 0 ? '' : `  ${facts.join('  ')}`}`)
        }
        return undefined
      })
    })
