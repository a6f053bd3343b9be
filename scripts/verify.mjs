// Everything that must hold before the tests are worth running; stops at the first step that fails.
import { prepare } from './prepare.mjs';
import { runCommand } from './run-command.mjs';

const STEPS = [
  { name: 'format:check', advice: 'run `npm run format`' },
  { name: 'lint', advice: 'correct what eslint names; `npx eslint --fix .` does the mechanical part' },
  { name: 'deps', advice: 'an import crosses a boundary: move the code or the effect, not the rule' },
  { name: 'unused', advice: 'remove the export, file or package that nothing uses' },
  { name: 'build', advice: 'correct the type errors' },
];

async function failingStep() {
  try {
    await prepare();
  } catch (error) {
    return { name: 'prepare', advice: error.message };
  }
  for (const step of STEPS) {
    console.log(`verify: ${step.name}`);
    if ((await runCommand('npm', ['run', '--silent', step.name], { stdio: ['ignore', 'inherit', 'inherit'] })) !== 0)
      return step;
  }
  return null;
}

const failed = await failingStep();
if (failed) {
  console.error(`verify stopped at ${failed.name}: ${failed.advice}`);
  process.exitCode = 1;
}
