import { Command } from 'commander'
import { setAddress } from '../../../pipeline/understanding/taught/taught-set.ts'
import { ColloquyError } from '../../../schemas/errors.ts'
import { intentsDescribed } from '../../../schemas/intent-events.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import type { CommandContext } from '../../app/command-context.ts'
import { connectToRunningNats } from '../../app/connect-to-running.ts'
import { sendInput } from '../send-input.ts'
import { type SetOptions, withSet } from './set-option.ts'

interface Options extends SetOptions {
  readonly description?: string
  readonly route?: string
}

export const describeCommand = ({ out, settings }: CommandContext): Command =>
  withSet(new Command('describe'), 'one JSON object: {position}')
    .description('say what an intent means, and which kind handles its messages, as a new version; also before it is taught')
    .argument('<intent>', 'its name')
    .option('--description <text>', 'for people and language models; an empty text removes it')
    .option('--route <kind>', 'the kind that handles its messages; an empty text removes it')
    .action(async (name: string, { description, route, ...options }: Options) => {
      if (description === undefined && route === undefined) {
        throw new ColloquyError('bad_intent', 'say what is new: --description, --route or both')
      }
      const facts = {
        ...(description !== undefined && { description: description === '' ? null : description }),
        ...(route !== undefined && { route: route === '' ? null : route }),
      }
      const data = intentsDescribed.safeParse({ intents: [{ name, ...facts }] }, IN_WORDS)
      if (!data.success) throw new ColloquyError('bad_intent', zodProblem(data.error, ''))
      const nc = await connectToRunningNats(settings().settings)
      try {
        const input = { type: 'intents.described', source: 'intents', data: data.data }
        const { position } = await sendInput(nc, { out }, setAddress(options), input)
        if (options.json) out.json({ position })
        else out.line(`${name} is described (position ${position})`)
      } finally {
        await nc.close()
      }
    })
