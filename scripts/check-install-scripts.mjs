/**
 * `npm run check:install-scripts`: installing this checkout runs no script of a dependency. Packages of the lock file that have
 * such a script need `ignore-scripts=true` in .npmrc; and a package whose script leaves a file is installed under that .npmrc.
 * Needs only Node and npm, so it can run before the first install.
 */
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npmCommand } from './lib/processes.mjs'
import { main, Problem } from './lib/program.mjs'
import { root } from './lib/root.mjs'

await main(() => {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const scripted = Object.keys(packages).filter((path) => packages[path].hasInstallScript === true)
  const folder = mkdtempSync(join(tmpdir(), 'cloakwright-install-scripts-'))
  try {
    makeProbe(join(folder, 'probe'))
    if (!installsWithScript(folder, 'without-npmrc')) {
      throw new Problem(
        'npm did not run the install script that this check uses as proof',
        'Look for ignore-scripts in `npm config list`',
      )
    }
    const npmrc = join(root, '.npmrc')
    if (installsWithScript(folder, 'with-npmrc', npmrc)) {
      throw new Problem(
        `npm runs install scripts of dependencies with ${npmrc}; packages in package-lock.json that have one: ${scripted.join(', ') || 'none'}`,
        'Set ignore-scripts=true in .npmrc',
      )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  console.log(
    `No install script runs. ${scripted.length} packages in the lock file have one: ${scripted.join(', ')}`,
  )
})

function makeProbe(folder) {
  mkdirSync(folder)
  const install = 'node leave-a-file.cjs'
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'probe', version: '1.0.0', scripts: { install } }),
  )
  writeFileSync(join(folder, 'leave-a-file.cjs'), "require('node:fs').writeFileSync('script-ran', '')")
}

/** Installs the probe, copied as from a registry, in a new project; whether its install script ran. */
function installsWithScript(folder, name, npmrc) {
  const project = join(folder, name)
  mkdirSync(project)
  if (npmrc !== undefined && existsSync(npmrc)) copyFileSync(npmrc, join(project, '.npmrc'))
  // Newer npm releases run only the packages allowed here.
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ private: true, allowScripts: { probe: true } }),
  )
  const [command, args] = npmCommand(
    'install',
    '../probe',
    '--install-links',
    '--offline',
    '--no-audit',
    '--no-fund',
  )
  const { status, stderr } = spawnSync(command, args, {
    cwd: project,
    env: projectSettingsOnly(folder),
    encoding: 'utf8',
  })
  if (status !== 0)
    throw new Problem(`npm install failed with code ${status}:\n${stderr}`, 'Run `npm doctor`')
  return existsSync(join(project, 'node_modules/probe/script-ran'))
}

/** Neither the user's settings nor those of the calling npm may hide a missing setting in .npmrc. */
function projectSettingsOnly(folder) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_config_/i.test(name)))
  return {
    ...env,
    npm_config_userconfig: join(folder, 'none-user'),
    npm_config_globalconfig: join(folder, 'none-global'),
  }
}
