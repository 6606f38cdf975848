import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { Command } from 'commander'
import { namedFileError, namingFile } from '../../pipeline/runtime/file-errors.ts'
import { codeOf, ColloquyError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { installCommand, projectFiles } from './init/project-files.ts'

interface Options extends JsonOption {
  readonly package?: string
}

export const initCommand = ({ out }: CommandContext): Command =>
  new Command()
    .argument('[folder]', 'folder of the project: a new or an empty one', '.')
    .option('--package <where>', 'where npm finds Colloquy: a file of "npm pack", or git+https://… (default: package.json does not say)')
    .option(JSON_FLAG, 'one JSON object: {folder, files}')
    .addHelpText('after', '\nExample:\n  colloquy init orders --package ../colloquy/colloquy-0.1.0.tgz')
    .action(async (given: string, { package: where, json }: Options) => {
      const folder = resolve(given)
      const [first] = await entriesOf(folder)
      if (first !== undefined) {
        throw new ColloquyError('folder_not_empty', `${folder} has "${first}", and nothing is overwritten; give a new folder`)
      }
      const colloquy = where === undefined ? undefined : dependencyOn(where, folder)
      const files = projectFiles({ name: packageName(folder), colloquy })
      for (const [path, text] of Object.entries(files)) {
        const file = join(folder, path)
        await namingFile(file, mkdir(dirname(file), { recursive: true }))
        // `wx`: a file that somebody else has made meanwhile stays.
        await namingFile(file, writeFile(file, text, { flag: 'wx' }))
      }
      if (json) return out.json({ folder, files: Object.keys(files) })
      out.line(`Wrote a project to ${folder}: ${Object.keys(files).join(', ')}`)
      out.line()
      const steps = [...(folder === process.cwd() ? [] : [`cd ${given}`]), installCommand(colloquy), 'npm test', 'npm start']
      for (const step of steps) out.line(`  ${step}`)
    })

/** The entries of a folder that a project would be among; none where there is no folder. A repository without files is empty. */
async function entriesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name !== '.git')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw namedFileError(folder, error)
  }
}

/** A file's path is relative to the project. */
const dependencyOn = (where: string, folder: string): string => (existsSync(where) ? `file:${relative(folder, resolve(where))}` : where)

/** A name that npm allows, from that of the folder. */
const packageName = (folder: string): string =>
  basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '') || 'colloquy-project'
