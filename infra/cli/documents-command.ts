import { writeFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import { comparedLines } from '../../actors/kinds/document/line-changes.ts'
import { formatsOf, readFileOf, readVersions } from '../../pipeline/documents/document-versions.ts'
import { namingFile } from '../../pipeline/runtime/file-errors.ts'
import { type Format, FORMAT_NAMES, FORMATS } from '../../schemas/document-events.ts'
import type { Address } from '../../schemas/subjects.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { wholeNumber } from '../app/number-arguments.ts'
import { printable } from '../app/terminal-output.ts'
import { actorArgument } from './arguments.ts'

const DOCUMENT = ['<document>', 'tenant/kind/id, or kind/id of the tenant "default"', actorArgument] as const

export const documentsCommand = (cli: CommandContext): Command =>
  new Command().addCommand(listCommand(cli)).addCommand(getCommand(cli)).addCommand(diffCommand(cli))

const listCommand = ({ out, settings }: CommandContext): Command =>
  new Command('ls')
    .description('list the versions of a document')
    .argument(...DOCUMENT)
    .option(JSON_FLAG, 'one JSON object per version: {version, templateVersion, title, at, formats, lines, approved}')
    .action(async (address: Address, { json }: JsonOption) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const { versions, approved } = await readVersions(jetstream, address)
        for (const one of versions) {
          const { version, template, templateVersion, title, at, lines } = one
          const isApproved = version === approved
          const formats = formatsOf(one)
          if (json) out.json({ version, template, templateVersion, title, at, formats, lines, approved: isApproved })
          else {
            const changes = `+${lines.added} -${lines.removed}`
            const made = `${version}  ${at}  ${template}@${templateVersion}  ${changes}  ${formats.join(' ')}`
            out.line(printable(`${made}  ${title}${isApproved ? '  approved' : ''}`))
          }
        }
      })
    })

interface GetOptions extends JsonOption {
  readonly format: Format
  readonly at?: number
  readonly out?: string
}

const getCommand = ({ out, settings }: CommandContext): Command =>
  new Command('get')
    .description('write a file of a document')
    .argument(...DOCUMENT)
    .addOption(new Option('--format <format>', 'its format').choices(FORMAT_NAMES).default('pdf'))
    .option('--at <version>', 'this version (default: the newest)', wholeNumber(1))
    .option('--out <file>', 'where to write it (default: the id of the document, with the ending of the format)')
    .option(JSON_FLAG, 'one JSON object: {file, bytes, version}')
    .action(async (address: Address, { format, at, out: file, json }: GetOptions) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const { version, bytes } = await readFileOf(jetstream, address, { format, version: at })
        const path = file ?? `${address.id}.${FORMATS[format]}`
        await namingFile(path, writeFile(path, bytes))
        if (json) out.json({ file: path, bytes: bytes.length, version: version.version })
        else out.line(printable(`${path}: version ${version.version}, ${bytes.length} bytes`))
      })
    })

const COLOURS = { '-': 'red', '+': 'green', ' ': 'dim' } as const

const diffCommand = ({ out, settings }: CommandContext): Command =>
  new Command('diff')
    .description('show the lines of the Markdown in which two versions of a document differ')
    .argument(...DOCUMENT)
    .argument('<one>', 'a version', wholeNumber(1))
    .argument('[other]', 'another one (default: the newest)', wholeNumber(1))
    .option(JSON_FLAG, 'one JSON object per line: {sign: "+" | "-" | " ", line}')
    .action(async (address: Address, one: number, other: number | undefined, { json }: JsonOption) => {
      await withJetStream(settings().settings, async (jetstream) => {
        const textOf = async (version: number | undefined): Promise<string> =>
          (await readFileOf(jetstream, address, { format: 'markdown', version })).bytes.toString()
        const [before, after] = [await textOf(one), await textOf(other)]
        for (const { sign, line } of comparedLines(before, after)) {
          if (json) out.json({ sign, line })
          else out.line(out.paint(COLOURS[sign], `${sign} ${printable(line)}`))
        }
      })
    })
