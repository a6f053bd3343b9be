import { isListed, samePerson } from '../domain/people.ts';
import type { DocumentIssue } from './document-issue.ts';
import { isMapping, valueAt } from './document-path.ts';
import { dateReader } from './iso-date.ts';
import { nearestWord } from './nearest-word.ts';

/** Whether everybody who has to approve can: with a key where signatures are asked for, and beside somebody else. */
export function approvalIssues(document: unknown): readonly DocumentIssue[] {
  const approvers = namesIn(valueAt(document, ['approvers']));
  const periods = periodsIn(document);
  return [
    ...keyIssues(document, approvers, periods),
    ...periods.flatMap((period, place) => periodIssues(period, place, periods)),
    ...ownApproverIssues(approvers, periods),
  ];
}

interface WrittenPeriod {
  readonly name: string;
  readonly start: string | null;
  readonly end: string | null;
  readonly approver: string;
}

function keyIssues(
  document: unknown,
  approvers: readonly string[],
  periods: readonly WrittenPeriod[],
): readonly DocumentIssue[] {
  const written = valueAt(document, ['approval', 'keys']);
  const keys = isMapping(written) ? Object.keys(written) : [];
  const people = [...approvers, ...periods.map(({ approver }) => approver)];
  const strangers = keys
    .filter((name) => !isListed(name, people))
    .map((name): DocumentIssue => {
      const nearest = nearestWord(name, people);
      const hint = nearest === undefined ? { allowed: people.join(', ') } : { nearest };
      return {
        path: ['approval', 'keys', name],
        part: 'key',
        problem: 'not an approver of this contract:',
        found: name,
        ...hint,
      };
    });
  const asked = valueAt(document, ['approval', 'identification']);
  if (asked !== 'signed' && asked !== 'proxy') return strangers;
  const keyless = people.filter((person, place) => people.indexOf(person) === place && !isListed(person, keys));
  // A signature is more than a proxy's word, and there is no proxy to give it yet.
  const allowed = `a key for everybody who approves, since approval.identification is ${asked}`;
  return [
    ...strangers,
    ...keyless.map((found): DocumentIssue => ({
      path: ['approval', 'keys'],
      problem: 'has no key of',
      found,
      allowed,
    })),
  ];
}

function periodIssues(
  { name, start, end }: WrittenPeriod,
  place: number,
  periods: readonly WrittenPeriod[],
): readonly DocumentIssue[] {
  const path = ['closed_periods', place];
  const first = periods.findIndex((other) => other.name === name);
  const twice: readonly DocumentIssue[] =
    first < place ? [{ path: [...path, 'name'], problem: 'a second period of this name:', found: name }] : [];
  if (start === null || end === null || start <= end) return twice;
  return [...twice, { path: [...path, 'end'], problem: `lies before the start (${start}):`, found: end }];
}

/** Whoever approves for a closed period does not approve for the dataset too: somebody has to be left who does. */
function ownApproverIssues(approvers: readonly string[], periods: readonly WrittenPeriod[]): readonly DocumentIssue[] {
  const left = approvers.filter((person) => !periods.some(({ approver }) => samePerson(approver, person)));
  if (left.length > 0 || approvers.length === 0 || periods.length === 0) return [];
  const allowed = 'an approver of the dataset who approves for no closed period, or another approver of a period';
  return [
    { path: ['approvers'], problem: 'all of them approve for closed periods:', found: approvers.join(', '), allowed },
  ];
}

function periodsIn(document: unknown): readonly WrittenPeriod[] {
  const written = valueAt(document, ['closed_periods']);
  if (!Array.isArray(written)) return [];
  return (written as unknown[]).map((period): WrittenPeriod => {
    const fields = isMapping(period) ? period : {};
    return {
      name: textOf(fields['name']),
      start: dayOf(fields['start']),
      end: dayOf(fields['end']),
      approver: textOf(fields['approver']),
    };
  });
}

function namesIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function dayOf(value: unknown): string | null {
  const reading = dateReader.read(value);
  return 'value' in reading ? reading.value : null;
}
