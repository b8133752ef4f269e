#!/usr/bin/env bash
# A private SLURM of one node, the machine itself, for as long as a test needs it:
#   one_node.sh start FOLDER; SLURM_CONF=FOLDER/slurm.conf sbatch …; one_node.sh stop FOLDER
# Needs Debian's slurm-wlm and munge, no systemd and no cgroups; all its state lies in FOLDER.
set -euo pipefail
command=$1 folder=$(realpath -m "$2")

stop() {
  export SLURM_CONF=$folder/slurm.conf
  timeout 5 scancel --user="$(id -un)" || true
  for _ in $(seq 80); do
    [ -z "$(timeout 5 squeue -h -t R,CG)" ] && break
    sleep 0.5
  done
  for daemon in slurmd slurmctld munged; do
    [ -s "$folder/$daemon.pid" ] && kill "$(cat "$folder/$daemon.pid")" || true
  done
}

start() {
  local host port
  host=$(hostname -s)
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
  mkdir -p "$folder/state" "$folder/spool"
  (umask 077 && head -c 1024 /dev/urandom > "$folder/munge.key")
  munged --force --socket="$folder/munge.socket" --key-file="$folder/munge.key" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
  cat > "$folder/slurm.conf" <<CONF
ClusterName=ganzoo
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
JobRequeue=1
SchedulerParameters=sched_interval=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
  export SLURM_CONF=$folder/slurm.conf
  slurmctld
  slurmd -N "$host"
  for _ in $(seq 60); do
    [ "$(sinfo -h -o %T)" = idle ] && return
    sleep 0.5
  done
  cat "$folder"/*.log
  return 1
}

"$command"
