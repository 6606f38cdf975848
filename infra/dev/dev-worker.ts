import { recordLoadedFiles } from './loaded-files.ts'

// Before all else is imported, so that a change of Colloquy's own code is seen where that is what is worked on.
const files = recordLoadedFiles()
const { startWorker } = await import('./dev-work.ts')
startWorker(files)
