#!/usr/bin/env -S node --single-threaded-gc --disable-warning=ExperimentalWarning
import 'reflect-metadata';
import { config as readDotEnv } from 'dotenv';
import { loadConfig } from './config/load-config.js';
import { createLog } from './http/log.js';
import { startService } from './main.js';

readDotEnv({ quiet: true });
const config = loadConfig(process.env);
void startService(config, createLog(config.LOG_LEVEL));
