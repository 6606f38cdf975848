import { Command } from 'commander'
import { pino } from 'pino'
import { ColloquyError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { downloadModel } from '../app/download-model.ts'
import { watchInterrupts } from '../app/interrupts.ts'
import { runReembed } from '../app/reembed.ts'
import { AUTO, AUTO_PRESET } from '../servers/models/presets.ts'
import { createProgressBar } from './progress-bar.ts'

export const reembedCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
    .option(JSON_FLAG, 'one JSON object: {model, fingerprint, before, seq, seconds}')
    .addHelpText(
      'after',
      `
Until it ends, search uses the earlier model. All processes then switch within seconds, without a restart. An interrupted run continues
where it stopped. The earlier collection is kept, so that switching back is quick.

Examples:
  colloquy reembed --embed-model multilingual-e5-small
  colloquy reembed --embed-model lexical`,
    )
    .action(async ({ json }: JsonOption) => {
      const { settings: given } = settings()
      const effective = given.EMBED_MODEL === AUTO ? { ...given, EMBED_MODEL: AUTO_PRESET.name } : given
      const log = pino({ level: 'silent' })
      const stop = new AbortController()
      const interrupts = watchInterrupts(() => undefined)
      void interrupts.first.then(() =>
        stop.abort(new ColloquyError('reembed_given_up', 'reembedding was interrupted; the next "colloquy reembed" continues from here')),
      )
      await downloadModel(out, effective, log)
      const bar = createProgressBar(out)
      const startedMs = performance.now()
      try {
        const result = await runReembed(effective, { records: bar.update, waits: bar.waits }, log, stop.signal)
        const seconds = Math.round(performance.now() - startedMs) / 1_000
        bar.stop()
        if (json) out.json({ ...result, seconds })
        else {
          const before = result.before === null ? '' : ` The collection of ${result.before} is kept.`
          out.line(`Search uses ${result.model} from now on: indexed LOG up to ${result.seq} in ${seconds} s.${before}`)
        }
      } finally {
        bar.stop()
        interrupts.stop()
      }
    })
