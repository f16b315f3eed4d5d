package lab

import "golang.org/x/sys/unix"

// allowedCPUs lists the CPUs that this process may use, by sched_getaffinity(2).
func allowedCPUs() (cpus []int) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}
