import { pino } from 'pino'
import { Command } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import { runReembed } from '../app/reembed.ts'
import { JSON_FLAG, type CommandContext, type JsonOption } from '../app/command-context.ts'
import { createProgressBar } from './progress-bar.ts'
import { downloadModel } from '../app/download-model.ts'
import { watchInterrupts } from '../app/interrupts.ts'

export const reembedCommand = ({ out, settings }: CommandContext): Command =>
  new Command('reembed')
    .description('make the memory anew with the model of COLLOQUY_EMBED_MODEL, beside the one in use, and change to it')
    .option(JSON_FLAG, 'one JSON object: {model, fingerprint, before, seq, seconds}')
    .addHelpText('after', `
While it runs, everything is found by the model that was there before. All processes change over within seconds of its end, without being
started anew. Ended or killed, it goes on where it was. The collection from before stays: changing back to its model is quick.

Examples:
  colloquy reembed --embed-model multilingual-e5-small
  colloquy reembed --embed-model lexical`)
    .action(async ({ json }: JsonOption) => {
      const { settings: effective } = settings()
      const log = pino({ level: 'silent' })
      const stop = new AbortController()
      const interrupts = watchInterrupts(() => undefined)
      void interrupts.first.then(() => stop.abort(new ColloquyError('reembed_given_up', 'it was given up; the next "colloquy reembed" goes on from here')))
      await downloadModel(out, effective, log)
      const bar = createProgressBar(out)
      const begunMs = performance.now()
      try {
        const result = await runReembed(effective, { records: bar.update, waits: bar.waits }, log, stop.signal)
        const seconds = Math.round(performance.now() - begunMs) / 1_000
        bar.stop()
        if (json) out.json({ ...result, seconds })
        else out.line(`The memory is of ${result.model} from now on: LOG up to ${result.seq} in ${seconds} s.${result.before === null ? '' : ` The collection of ${result.before} is still there.`}`)
      } finally {
        bar.stop()
        interrupts.stop()
      }
    })
