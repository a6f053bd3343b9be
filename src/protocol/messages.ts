import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Incoming, MessageName } from '../domain/messages.ts';
import { MESSAGE_NAMES } from '../domain/messages.ts';
import type { StatusView } from '../domain/status-view.ts';
import { STATUS_QUERY } from './identity.ts';

/** One signal and one update a message; arguments are optional because the UI sends none for an empty form. */
export const messageDefinitions = MESSAGE_NAMES.map((name: MessageName) => ({
  name,
  signal: defineSignal<[Incoming?]>(name),
  update: defineUpdate<string, [Incoming?]>(name),
}));

export const statusQuery = defineQuery<StatusView>(STATUS_QUERY);
