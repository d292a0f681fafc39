"""What a study's answers tell: `classes`, class by class beside a device, `kappas`, agreement,
`confused`, which class is called which, `arms`, what help changes, `errors`, where who errs,
`sizes`, how large a study must be; `whole` puts all together."""
